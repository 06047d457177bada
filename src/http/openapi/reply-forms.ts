import { offeredSignatures } from "../../signature/head.ts";
import type { ReplyForm } from "../route-api.ts";
import { handled, outputs, predictionLine, predictions, results, single } from "./answer-schemas.ts";
import { BINARY, type MediaType } from "./body-forms.ts";
import type { DocumentScope } from "./document-scope.ts";
import { flashComponents, flashDag, flashMeta, flashResponse } from "./flash-schemas.ts";
import { inferenceResponse } from "./inference-schemas.ts";
import { anyPrediction } from "./prediction-schema.ts";
import { anyOf, type Schema, TEXT } from "./schema.ts";
import * as states from "./state-schemas.ts";

type Reply = (scope: DocumentScope) => MediaType;

/** Every form of an answer. */
export const REPLY_FORMS: Readonly<Record<ReplyForm, Reply>> = {
  analyze: json((scope) => scope.define("AnalyzeResponse", () => anyOf([predictions(scope), single(scope)]))),
  predict: json((scope) =>
    scope.define("PredictResponse", () => anyOf([predictions(scope), outputs(scope)])),
  ),
  cloud: json((scope) =>
    scope.define("CloudResponse", () => anyOf([predictions(scope), outputs(scope), single(scope)])),
  ),
  vertex: json((scope) => scope.define("VertexResponse", () => anyOf([predictions(scope), outputs(scope)]))),
  results: json((scope) => scope.define("ResultsResponse", () => results(scope))),
  inference: json(inferenceResponse),
  tensors: () => ({
    type: "application/octet-stream",
    schema: {
      ...BINARY,
      description: "JSON, as long as Inference-Header-Content-Length says, and tensors behind it.",
    },
  }),
  torchserve: json((scope) =>
    scope.define("TorchServeResponse", () =>
      anyOf([
        ...scope.models.map((model) => handled(scope, model)),
        anyPrediction(scope),
        predictions(scope, true),
      ]),
    ),
  ),
  flash: json(flashResponse),
  lines: (scope) => {
    predictionLine(scope);
    return {
      type: "application/x-ndjson",
      schema: { ...TEXT, description: "A PredictionLine for each instance, as soon as it is ready." },
    };
  },
  npy: () => ({ type: "application/x-npy", schema: { ...BINARY, description: "A NumPy file." } }),
  png: () => ({
    type: "image/png",
    schema: { ...BINARY, description: "The mask of one image, where signature mask_png is offered." },
  }),
  alive: json(states.alive),
  readiness: json(states.readiness),
  liveness: json(states.liveness),
  ping: json(states.ping),
  metrics: () => ({ type: "text/plain", schema: TEXT }),
  "model-names": json(states.modelNames),
  "model-status": json(states.modelStatus),
  "model-metadata": json(states.modelMetadata),
  "server-metadata": json(states.serverMetadata),
  "server-live": json(states.serverLive),
  "server-ready": json(states.serverReady),
  "inference-metadata": json(states.inferenceMetadata),
  "model-ready": json(states.modelReady),
  "repository-index": json(states.repositoryIndex),
  "execution-parameters": json(states.executionParameters),
  "torchserve-models": json(states.torchserveModels),
  "torchserve-model": json(states.torchserveModel),
  "flash-alive": json(states.flashAlive),
  "flash-meta": json(flashMeta),
  "flash-dag": json(flashDag),
  "flash-components": json(flashComponents),
  openapi: json(states.openapi),
  page: () => ({ type: "text/html", schema: TEXT }),
  script: () => ({ type: "text/javascript", schema: TEXT }),
  style: () => ({ type: "text/css", schema: TEXT }),
  icon: () => ({ type: "image/png", schema: BINARY }),
};

function json(schema: (scope: DocumentScope) => Schema): Reply {
  return (scope) => ({ type: "application/json", schema: schema(scope) });
}

/** Tells whether any model gives pictures. */
export function givesPictures({ models }: DocumentScope): boolean {
  return models.some(({ servable }) => offeredSignatures(servable.head).includes("mask_png"));
}
