import cors from "@koa/cors";
import Koa, { type Context, type Next } from "koa";
import { errorMiddleware } from "./error-middleware.ts";
import { requestLog } from "./request-log.ts";
import { answerUnknown, createRouter } from "./routes.ts";
import type { ServingApi } from "./serving-api.ts";

/** Returns the Koa app: log → connection → errors → CORS → routes. */
export function createApp(api: ServingApi): Koa {
  const app = new Koa();
  // Koa prints errors itself unless someone listens; ours are answered and logged in the middleware.
  app.on("error", (error: unknown) => api.logger.debug({ error }, "connection"));
  app.use(requestLog(api));
  app.use(closeWhileDraining(api));
  app.use(errorMiddleware((code) => api.metrics.errorAnswered(code)));
  if (api.settings.corsOrigin !== "off") {
    app.use(cors({ origin: api.settings.corsOrigin, allowMethods: "GET,HEAD,POST", maxAge: 600 }));
  }
  app.use(unescapeVerb);
  const router = createRouter(api);
  app.use(router.routes());
  app.use(answerUnknown(router));
  return app;
}

/** Tells keep-alive clients to come back on a new connection, which the balancer gives to another server. */
function closeWhileDraining({ lifecycle }: ServingApi) {
  return async (ctx: Context, next: Next): Promise<void> => {
    await next();
    if (lifecycle.state === "DRAINING") ctx.set("Connection", "close");
  };
}

/** KServe's clients percent-encode the colon before the verb. */
function unescapeVerb(ctx: Context, next: Next): Promise<void> {
  if (ctx.path.includes("%")) ctx.path = ctx.path.replace(/%3A(?=predict$)/i, ":");
  return next();
}
