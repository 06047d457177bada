import type { LifecycleState } from "../../lifecycle.ts";
import { DATATYPE_OF } from "../../protocol/open-inference-datatype.ts";
import type { VersionState } from "../../protocol/tfs-status.ts";
import type { DocumentScope } from "./document-scope.ts";
import { BOOLEAN, INTEGER, listOf, mapOf, object, type Schema, TEXT } from "./schema.ts";

type MakeSchema = (scope: DocumentScope) => Schema;

/** A record, so that none can be left out. */
const NOT_READY_STATES: Readonly<Record<Exclude<LifecycleState, "READY">, true>> = {
  LOADING: true,
  DRAINING: true,
  FAILED: true,
};
const VERSION_STATES: Readonly<Record<VersionState, true>> = {
  UNKNOWN: true,
  START: true,
  LOADING: true,
  AVAILABLE: true,
  UNLOADING: true,
  END: true,
};
const NOT_READY = Object.keys(NOT_READY_STATES);

export const readiness: MakeSchema = (scope) =>
  scope.define("Readiness", () => object({ status: { enum: ["OK", ...NOT_READY] } }, { error: TEXT }));

export const liveness: MakeSchema = (scope) =>
  scope.define("Liveness", () => object({ status: { enum: ["OK", "FAILED"] } }));

export const ping: MakeSchema = (scope) =>
  scope.define("Ping", () =>
    object({ status: { enum: ["Healthy", "Unhealthy"] } }, { state: { enum: NOT_READY }, error: TEXT }),
  );

export const alive: MakeSchema = (scope) =>
  scope.define("Alive", () => object({ status: { const: "alive" } }));

export const modelNames: MakeSchema = (scope) =>
  scope.define("ModelNames", () => object({ models: listOf(TEXT) }));

export const modelStatus: MakeSchema = (scope) =>
  scope.define("ModelStatus", () =>
    object({
      name: TEXT,
      ready: BOOLEAN,
      model_version_status: listOf(
        object({
          version: TEXT,
          state: { enum: Object.keys(VERSION_STATES) },
          status: object({ error_code: TEXT, error_message: TEXT }),
        }),
      ),
    }),
  );

export const modelMetadata: MakeSchema = (scope) =>
  scope.define("ModelMetadata", () =>
    object({
      model_spec: object({ name: TEXT, signature_name: TEXT, version: TEXT }),
      metadata: object({ signature_def: object({ signature_def: mapOf(signatureDef(scope)) }) }),
      onnx_serving: {
        type: "object",
        description:
          "What is known of the model: its task and labels, the preprocessing and where each value came from, batching, lanes, limits.",
      },
    }),
  );

function signatureDef(scope: DocumentScope): Schema {
  const tensors = mapOf(
    scope.define("TensorInfo", () =>
      object({
        dtype: TEXT,
        tensor_shape: object({ dim: listOf(object({ size: TEXT, name: TEXT })), unknown_rank: BOOLEAN }),
        name: TEXT,
      }),
    ),
  );
  return object({ inputs: tensors, outputs: tensors, method_name: TEXT, defaults: { type: "object" } });
}

export const serverMetadata: MakeSchema = (scope) =>
  scope.define("ServerMetadata", () => object({ name: TEXT, version: TEXT, extensions: listOf(TEXT) }));

export const serverLive: MakeSchema = (scope) => scope.define("ServerLive", () => object({ live: BOOLEAN }));

export const serverReady: MakeSchema = (scope) =>
  scope.define("ServerReady", () => object({ ready: BOOLEAN }));

export const modelReady: MakeSchema = (scope) =>
  scope.define("ModelReady", () => object({ name: TEXT, ready: BOOLEAN }));

export const inferenceMetadata: MakeSchema = (scope) =>
  scope.define("InferenceMetadata", () => {
    const tensor = object(
      { name: TEXT, datatype: { enum: Object.values(DATATYPE_OF) }, shape: listOf(INTEGER) },
      { parameters: object({ content_type: TEXT, tensor_datatype: TEXT, tensor_shape: TEXT }) },
    );
    return object({
      name: TEXT,
      versions: listOf(TEXT),
      platform: TEXT,
      inputs: listOf(tensor),
      outputs: listOf(tensor),
      signatures: listOf(TEXT),
    });
  });

export const repositoryIndex: MakeSchema = (scope) =>
  scope.define("RepositoryIndex", () =>
    listOf(object({ name: TEXT, version: TEXT, state: TEXT, reason: TEXT })),
  );

export const executionParameters: MakeSchema = (scope) =>
  scope.define("ExecutionParameters", () =>
    object({
      MaxConcurrentTransforms: INTEGER,
      BatchStrategy: { const: "SINGLE_RECORD" },
      MaxPayloadInMB: INTEGER,
    }),
  );

export const torchserveModels: MakeSchema = (scope) =>
  scope.define("TorchServeModels", () =>
    object({ models: listOf(object({ modelName: TEXT, modelUrl: TEXT })) }, { nextPageToken: TEXT }),
  );

export const torchserveModel: MakeSchema = (scope) =>
  scope.define("TorchServeModel", () =>
    listOf(
      object(
        {
          modelName: TEXT,
          modelVersion: TEXT,
          workers: listOf(object({ id: TEXT, status: { const: "READY" }, gpu: BOOLEAN })),
        },
        {
          modelUrl: TEXT,
          minWorkers: INTEGER,
          maxWorkers: INTEGER,
          batchSize: INTEGER,
          loadedAtStartup: BOOLEAN,
        },
      ),
    ),
  );

export const flashAlive: MakeSchema = (scope) =>
  scope.define("FlashAlive", () => object({ alive: { const: true } }));

export const openapi: MakeSchema = (scope) =>
  scope.define("OpenApi", () =>
    object({
      openapi: { const: "3.1.0" },
      info: { type: "object" },
      servers: listOf({ type: "object" }),
      tags: listOf({ type: "object" }),
      paths: { type: "object" },
      components: { type: "object" },
    }),
  );
