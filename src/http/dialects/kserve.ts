import { writeJson } from "../../protocol/write-json.ts";
import type { HttpApi } from "../http-api.ts";
import type { Route } from "../route.ts";
import { sendJson } from "../send-json.ts";

/** Returns what KServe's V1 protocol has besides TensorFlow Serving's routes, which are its model. */
export function kserveRoutes({ models }: HttpApi): readonly Route[] {
  return [
    {
      method: "get",
      path: "/",
      name: "/",
      api: {
        tag: "TensorFlow Serving",
        summary: "KServe V1's liveness: that the process answers",
        operations: { alive: "/" },
        needs: "nothing",
        gives: ["alive"],
      },
      isQuiet: true,
      handle: async (ctx) => {
        ctx.status = 200;
        sendJson(ctx, await writeJson({ status: "alive" }));
      },
    },
    {
      method: "get",
      path: "/v1/models",
      name: "/v1/models",
      api: {
        tag: "TensorFlow Serving",
        summary: "The names of the models, as KServe V1 lists them",
        operations: { listModels: "/v1/models" },
        needs: "nothing",
        gives: ["model-names"],
      },
      handle: async (ctx) => {
        ctx.status = 200;
        sendJson(ctx, await writeJson({ models: [...models.names] }));
      },
    },
  ];
}
