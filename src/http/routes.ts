import Router from "@koa/router";
import type { Context, Next } from "koa";
import { excerpt, ServingError } from "../errors.ts";
import { ANALYZE, TENSORFLOW_SERVING } from "./dialects.ts";
import { liveness, metricsPage, readiness } from "./health-routes.ts";
import { checkServed, checkVersionNumber, MODEL_PATHS, modelMetadata, modelStatus } from "./model-routes.ts";
import { predictHandler } from "./predict-handler.ts";
import type { ServingApi } from "./serving-api.ts";

/** How a request shows in logs and metrics: the route's template, never the path that was typed. */
export const UNKNOWN_ROUTE = "unknown";

/** Routes that pollers ask all the time: they are not logged. */
export const QUIET_ROUTES: ReadonlySet<string> = new Set([
  "/analyze",
  "/v1/models/<name>",
  "/livez",
  "/readyz",
  "/ping",
  "/metrics",
]);

/** Returns the route table. A colon in a path is escaped: unescaped, `:predict` would be a parameter. */
export function createRouter(api: ServingApi): Router {
  const router = new Router({ strict: true, sensitive: true });
  const named = (route: string) => (ctx: Context, next: Next) => {
    ctx.state.route = route;
    return next();
  };
  const isReady = (ctx: Context) => readiness(api, ctx);
  const metrics = (ctx: Context) => metricsPage(api, ctx);
  router.get("/analyze", named("/analyze"), isReady);
  router.post(
    "/analyze\\:predict",
    named("/analyze:predict"),
    predictHandler(api, ANALYZE, () => {}),
  );
  router.get(MODEL_PATHS.status, named("/v1/models/<name>"), (ctx: Context) => modelStatus(api, ctx));
  router.get(MODEL_PATHS.metadata, named("/v1/models/<name>/metadata"), (ctx: Context) =>
    modelMetadata(api, ctx),
  );
  router.post(
    MODEL_PATHS.predict,
    named("/v1/models/<name>:predict"),
    refuseQuery,
    predictHandler(api, TENSORFLOW_SERVING, (ctx) => checkServed(api, ctx)),
  );
  router.get("/livez", named("/livez"), (ctx: Context) => liveness(api, ctx));
  router.get("/readyz", named("/readyz"), isReady);
  router.get("/ping", named("/ping"), isReady);
  router.get("/metrics", named("/metrics"), metrics);
  router.get("/monitoring/prometheus/metrics", named("/metrics"), metrics);
  return router;
}

/** TensorFlow Serving's predict routes take no query, and check the version before the body. */
function refuseQuery(ctx: Context, next: Next): Promise<void> {
  if (ctx.search !== "") throw malformed(ctx);
  checkVersionNumber(ctx);
  return next();
}

/**
 * Answers what no route does: 405 with `Allow` on a known path, TensorFlow Serving's 400 under `/v1/`, else 404.
 */
export function answerUnknown(router: Router) {
  return async (ctx: Context): Promise<void> => {
    const methods = new Set(router.match(ctx.path, ctx.method).path.flatMap((layer) => layer.methods));
    if (methods.size === 0) {
      if (ctx.path.startsWith("/v1/")) throw malformed(ctx);
      throw new ServingError("NOT_FOUND", `there is nothing at ${excerpt(ctx.path)}`);
    }
    ctx.set("Allow", [...methods, "OPTIONS"].join(", "));
    if (ctx.method === "OPTIONS") {
      ctx.status = 204;
      return;
    }
    throw new ServingError("METHOD_NOT_ALLOWED", `${excerpt(ctx.path)} takes ${[...methods].join(", ")}`);
  };
}

function malformed(ctx: Context): ServingError {
  const text = ctx.path === "/v1/models" ? "Missing model name in request." : undefined;
  return new ServingError("INVALID_ARGUMENT", text ?? `Malformed request: ${ctx.method} ${excerpt(ctx.url)}`);
}
