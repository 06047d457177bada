import cors from "@koa/cors";
import Koa, { type Context, type Next } from "koa";
import { excerpt, ServingError } from "../errors.ts";
import { errorMiddleware } from "./error-middleware.ts";
import type { HttpApi } from "./http-api.ts";
import { requestLog } from "./request-log.ts";
import { answerUnknown, createRouter } from "./routes.ts";

/** Returns the Koa app: log → time to send → connection → errors → CORS → routes. */
export function createApp(api: HttpApi): Koa {
  const app = new Koa();
  // Koa prints errors itself unless someone listens; ours are answered and logged in the middleware.
  app.on("error", (error: unknown) => api.logger.debug({ error }, "connection"));
  app.use(requestLog(api));
  app.use(limitSending(api));
  app.use(closeWhileStopping(api));
  app.use(errorMiddleware((code) => api.metrics.errorAnswered(code)));
  if (api.settings.corsOrigin !== "off") {
    app.use(cors({ origin: api.settings.corsOrigin, allowMethods: "GET,HEAD,POST,PUT", maxAge: 600 }));
  }
  app.use(requireHost);
  app.use(takeOriginForm);
  app.use(unescapeVerb);
  const router = createRouter(api);
  app.use(router.routes());
  app.use(answerUnknown(router));
  return app;
}

/** Koa sends the answer when this has returned. */
function limitSending({ unsentAnswers }: HttpApi) {
  return async (ctx: Context, next: Next): Promise<void> => {
    await next();
    unsentAnswers.watch(ctx.res);
  };
}

/** Tells keep-alive clients to come back on a new connection, which the balancer gives to another server. */
function closeWhileStopping({ lifecycle }: HttpApi) {
  return async (ctx: Context, next: Next): Promise<void> => {
    await next();
    if (lifecycle.state === "DRAINING" || lifecycle.state === "FAILED") ctx.set("Connection", "close");
  };
}

/** Node's own check, which is off, answers without a body. @see RFC 9112 section 3.2 */
function requireHost({ req }: Context, next: Next): Promise<void> {
  const hosts = req.headersDistinct.host?.length ?? 0;
  if (hosts > 1 || (hosts === 0 && req.httpVersion === "1.1")) {
    throw new ServingError("INVALID_ARGUMENT", `expected one Host header, got ${hosts}`);
  }
  return next();
}

/** A client that takes the server for a proxy names a whole URL; Koa throws on one that is none. @see RFC 9112 section 3.2.2 */
function takeOriginForm(ctx: Context, next: Next): Promise<void> {
  if (!ctx.url.startsWith("/") && ctx.url !== "*") {
    if (!URL.canParse(ctx.url)) {
      throw new ServingError("INVALID_ARGUMENT", `expected a path or a URL, got ${excerpt(ctx.url)}`);
    }
    const { pathname, search } = new URL(ctx.url);
    ctx.url = pathname + search;
  }
  return next();
}

/** KServe's clients percent-encode the colon before the verb. */
function unescapeVerb(ctx: Context, next: Next): Promise<void> {
  if (ctx.path.includes("%")) ctx.path = ctx.path.replace(/%3A(?=[a-z]+$)/i, ":");
  return next();
}
