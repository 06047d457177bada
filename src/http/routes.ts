import Router from "@koa/router";
import type { Context } from "koa";
import { excerpt, ServingError } from "../errors.ts";
import { consoleRoutes } from "./console-routes.ts";
import { descriptionRoutes } from "./description-routes.ts";
import { analyzeRoutes } from "./dialects/analyze.ts";
import { flashServeRoutes } from "./dialects/flash-serve.ts";
import { kserveRoutes } from "./dialects/kserve.ts";
import { openInferenceRoutes } from "./dialects/open-inference.ts";
import { sagemakerRoutes } from "./dialects/sagemaker.ts";
import { tensorflowServingRoutes } from "./dialects/tensorflow-serving.ts";
import { torchserveRoutes } from "./dialects/torchserve.ts";
import { vertexRoutes } from "./dialects/vertex.ts";
import { healthRoutes } from "./health-routes.ts";
import type { HttpApi } from "./http-api.ts";
import { malformedPath } from "./malformed-path.ts";
import type { Route } from "./route.ts";

/** How a request that no route takes shows in logs and metrics. */
export const UNKNOWN_ROUTE = "unknown";

/** Each dialect is a file of its own: another one is another line here. The console leaves `/` to who asks for no page. */
const DIALECTS: readonly ((api: HttpApi) => readonly Route[])[] = [
  consoleRoutes,
  analyzeRoutes,
  tensorflowServingRoutes,
  kserveRoutes,
  openInferenceRoutes,
  sagemakerRoutes,
  torchserveRoutes,
  healthRoutes,
  flashServeRoutes,
];

/** Returns every route; of two that match, the first answers. */
export function routeTable(api: HttpApi): readonly Route[] {
  const own: Route[] = [...DIALECTS.flatMap((routes) => routes(api)), ...descriptionRoutes(api, () => table)];
  // First, whatever they are: the platform that names them asks nothing else.
  const table: Route[] = [...vertexRoutes(api, own), ...own];
  return table;
}

/** Returns the router of all routes. */
export function createRouter(api: HttpApi): Router {
  const router = new Router({ strict: true, sensitive: true });
  for (const route of routeTable(api)) {
    router[route.method](route.path, (ctx: Context, next) => {
      ctx.state.route = route.name;
      ctx.state.isQuiet = route.isQuiet ?? false;
      ctx.state.errors = route.errors;
      return route.handle(ctx, next);
    });
  }
  return router;
}

/**
 * Answers what no route does: 405 with `Allow` on a known path, TensorFlow Serving's 400 under `/v1/`, else 404.
 */
export function answerUnknown(router: Router) {
  return async (ctx: Context): Promise<void> => {
    const methods = new Set(router.match(ctx.path, ctx.method).path.flatMap((layer) => layer.methods));
    if (methods.size === 0) {
      if (ctx.path.startsWith("/v1/")) throw malformedPath(ctx);
      throw new ServingError("NOT_FOUND", `there is nothing at ${excerpt(ctx.path)}`);
    }
    ctx.set("Allow", [...new Set([...methods, "OPTIONS"])].join(", "));
    if (ctx.method === "OPTIONS") {
      ctx.status = 204;
      return;
    }
    throw new ServingError("METHOD_NOT_ALLOWED", `${excerpt(ctx.path)} takes ${[...methods].join(", ")}`);
  };
}
