import type { Context, Middleware } from "koa";
import { parseTfs } from "../../protocol/parse-tfs.ts";
import { answerForm } from "../answer-form.ts";
import type { Dialect } from "../dialect.ts";
import type { HttpApi } from "../http-api.ts";
import { malformedPath } from "../malformed-path.ts";
import { askedModel, MODEL_PATHS, modelMetadata, modelOperations, modelStatus } from "../model-routes.ts";
import { predictHandler } from "../predict-handler.ts";
import { type JsonForm, readRequest } from "../read-request.ts";
import type { Route } from "../route.ts";
import { writerOf } from "../write-in-form.ts";
import { examplesDialect } from "./tensorflow-serving-examples.ts";

/** How a body of `/v1/models/<name>:predict` is read. */
export const TENSORFLOW_SERVING_FORM: JsonForm = {
  parse: parseTfs,
  rawImageFormat: "row",
  defaultSignature: () => "serving_default",
};

/** TensorFlow Serving's REST API. */
const TENSORFLOW_SERVING: Dialect = {
  onBadInstance: "fail",
  lines: TENSORFLOW_SERVING_FORM,
  read: async (place, body) => {
    const read = await readRequest(place, body, TENSORFLOW_SERVING_FORM);
    return { ...read, write: writerOf(answerForm(place.ctx), read, place.model().servable) };
  },
};

/** Returns TensorFlow Serving's routes. */
export function tensorflowServingRoutes(api: HttpApi): readonly Route[] {
  return [
    {
      method: "get",
      path: MODEL_PATHS.status,
      name: "/v1/models/<name>",
      api: {
        tag: "TensorFlow Serving",
        summary: "The states of a model's versions",
        operations: modelOperations("modelStatus", ""),
        needs: "nothing",
        gives: ["model-status"],
        unready: "model-status",
      },
      isQuiet: true,
      handle: (ctx) => modelStatus(api, ctx),
    },
    {
      method: "get",
      path: MODEL_PATHS.metadata,
      name: "/v1/models/<name>/metadata",
      api: {
        tag: "TensorFlow Serving",
        summary: "A model's signatures, and all that is known of it",
        operations: modelOperations("modelMetadata", "/metadata"),
        needs: "model",
        gives: ["model-metadata"],
      },
      handle: (ctx) => modelMetadata(api, ctx),
    },
    {
      method: "post",
      path: MODEL_PATHS.predict,
      name: "/v1/models/<name>:predict",
      api: {
        tag: "TensorFlow Serving",
        summary: "Predictions, in the row format (`instances`) or the columnar one (`inputs`)",
        operations: modelOperations("predict", ":predict"),
        needs: "prediction",
        takes: ["predict", "image", "multipart", "lines"],
        gives: ["predict", "lines", "npy", "png"],
      },
      handle: withoutQuery(predictHandler(api, TENSORFLOW_SERVING, askedModel)),
    },
    ...(["classify", "regress"] as const).map(
      (method): Route => ({
        method: "post",
        path: MODEL_PATHS[method],
        name: `/v1/models/<name>:${method}`,
        api: {
          tag: "TensorFlow Serving",
          summary: method === "classify" ? "Each class's score, for examples" : "One number for each example",
          operations: modelOperations(method, `:${method}`),
          needs: "prediction",
          takes: ["examples", "image", "multipart"],
          gives: ["results"],
        },
        handle: withoutQuery(predictHandler(api, examplesDialect(method), askedModel)),
      }),
    ),
  ];
}

/** TensorFlow Serving's predict routes take no query. */
function withoutQuery(handle: Middleware): Middleware {
  return (ctx: Context, next) => {
    if (ctx.search !== "") throw malformedPath(ctx);
    return handle(ctx, next);
  };
}
