import { ServingError } from "../../errors.ts";
import type { PredictAnswer } from "../../predictor.ts";
import type { RequestedOutput } from "../../protocol/parse-open-inference.ts";
import { writeOpenInference } from "../../protocol/write-open-inference.ts";
import type { Servable } from "../../servable.ts";
import { answerTensors } from "../../serving/answer-tensors.ts";
import { classificationTensor, labelsOfOutput } from "../../serving/classification-tensor.ts";
import type { AnswerTensor, AnswerTensors } from "../../tensor/answer-tensor.ts";
import type { Dialect, HttpAnswer } from "../dialect.ts";
import type { HttpApi } from "../http-api.ts";
import { askedModel } from "../model-routes.ts";
import {
  modelMetadata,
  modelReady,
  refuseLoad,
  repositoryIndex,
  serverLive,
  serverMetadata,
  serverReady,
} from "../open-inference-metadata-routes.ts";
import { predictHandler } from "../predict-handler.ts";
import { JSON_LENGTH_HEADER, type ReadInference, readInference } from "../read-inference.ts";
import type { Route } from "../route.ts";
import type { RouteApi } from "../route-api.ts";

const TAG = "Open Inference Protocol";

/** The Open Inference Protocol over REST: KServe's V2, which Triton and MLServer speak. */
const OPEN_INFERENCE: Dialect = {
  // A tensor has no place for an error.
  onBadInstance: "fail",
  read: async (place, body) => {
    const read = await readInference(place, body);
    const { servable } = place.model();
    return { ...read, write: (predicted) => writeInference(servable, read, predicted) };
  },
};

/** Returns the routes of the Open Inference Protocol. */
export function openInferenceRoutes(api: HttpApi): readonly Route[] {
  const model = "/v2/models/<name>";
  return [
    {
      method: "get",
      path: "/v2",
      name: "/v2",
      api: {
        tag: TAG,
        summary: "The server's name, version and extensions",
        operations: { serverMetadata: "/v2" },
        needs: "nothing",
        gives: ["server-metadata"],
      },
      handle: serverMetadata,
    },
    {
      method: "get",
      path: "/v2/health/live",
      name: "/v2/health/live",
      api: {
        tag: TAG,
        summary: "Whether the process should live on",
        operations: { serverLive: "/v2/health/live" },
        needs: "nothing",
        gives: ["server-live"],
        unready: "server-live",
      },
      isQuiet: true,
      handle: (ctx) => serverLive(api, ctx),
    },
    {
      method: "get",
      path: "/v2/health/ready",
      name: "/v2/health/ready",
      api: {
        tag: TAG,
        summary: "Whether predictions are answered",
        operations: { serverReady: "/v2/health/ready" },
        needs: "nothing",
        gives: ["server-ready"],
        unready: "server-ready",
      },
      isQuiet: true,
      handle: (ctx) => serverReady(api, ctx),
    },
    {
      method: "get",
      path: PATHS.metadata,
      name: model,
      api: {
        tag: TAG,
        summary: "A model's inputs and outputs",
        operations: modelOperations("inferenceMetadata", ""),
        needs: "model",
        gives: ["inference-metadata"],
      },
      handle: (ctx) => modelMetadata(api, ctx),
    },
    {
      method: "get",
      path: PATHS.ready,
      name: `${model}/ready`,
      api: {
        tag: TAG,
        summary: "Whether a model answers",
        operations: modelOperations("modelReady", "/ready"),
        needs: "nothing",
        gives: ["model-ready"],
        unready: "model-ready",
      },
      isQuiet: true,
      handle: (ctx) => modelReady(api, ctx),
    },
    {
      method: "post",
      path: PATHS.infer,
      name: `${model}/infer`,
      api: {
        tag: TAG,
        summary: "Named tensors for tensors or images",
        operations: modelOperations("infer", "/infer"),
        needs: "prediction",
        takes: ["inference", "tensors", "image", "multipart"],
        gives: ["inference", "tensors"],
        parameters: [JSON_LENGTH_HEADER],
      },
      handle: predictHandler(api, OPEN_INFERENCE, askedModel),
    },
    {
      method: "post",
      path: "/v2/repository/index",
      name: "/v2/repository/index",
      api: {
        tag: TAG,
        summary: "All versions of all models and their states, as Triton lists them",
        operations: { repositoryIndex: "/v2/repository/index" },
        needs: "nothing",
        takes: ["index"],
        gives: ["repository-index"],
      },
      handle: (ctx) => repositoryIndex(api, ctx),
    },
    {
      method: "post",
      path: /^\/v2\/repository\/models\/[^/]+\/(?:un)?load$/,
      name: "/v2/repository/models/<name>/load",
      api: "refused",
      handle: refuseLoad,
    },
  ];
}

/** The paths of a model's routes as the OpenAPI document has them, by their operationIds. */
function modelOperations(id: string, end: string): RouteApi["operations"] {
  return {
    [id]: `/v2/models/{name}${end}`,
    [`${id}Version`]: `/v2/models/{name}/versions/{version}${end}`,
  };
}

/** `<name>` or `<name>/versions/<n>`, still percent-encoded. */
const MODEL = "([^/]+)(?:/versions/(\\d+))?";

const PATHS: Readonly<Record<"metadata" | "ready" | "infer", RegExp>> = {
  metadata: new RegExp(`^/v2/models/${MODEL}$`),
  ready: new RegExp(`^/v2/models/${MODEL}/ready$`),
  infer: new RegExp(`^/v2/models/${MODEL}/infer$`),
};

function writeInference(servable: Servable, read: ReadInference, predicted: PredictAnswer): HttpAnswer {
  const { request, signature, reply } = read;
  const tensors = answerTensors(predicted, signature);
  const hasRows = servable.batching.kind === "rows" || request.inputs.kind === "instances";
  const all = () => Object.keys(tensors).map((name) => ({ name, isBinary: reply.isBinary }));
  const wanted: readonly RequestedOutput[] = reply.outputs ?? all();
  const outputs = wanted.map(({ name, isBinary, classification: count }) => {
    const tensor = requireTensor(tensors, name);
    if (count === undefined) return { name, isBinary, tensor };
    const labels = labelsOfOutput(servable.head, name);
    return { name, isBinary, tensor: classificationTensor(name, tensor, { count, hasRows, labels }) };
  });
  const written = writeOpenInference({
    modelName: servable.name,
    modelVersion: String(servable.version),
    id: reply.id,
    outputs,
  });
  if ("json" in written) return written;
  return {
    bytes: written.bytes,
    contentType: "application/octet-stream",
    headers: { [JSON_LENGTH_HEADER]: String(written.jsonBytes) },
  };
}

function requireTensor(tensors: AnswerTensors, name: string): AnswerTensor {
  const tensor = tensors[name];
  if (tensor !== undefined) return tensor;
  throw new ServingError("INTERNAL", `the answer has no output "${name}"; this is a bug`);
}
