import type { BodyForm } from "../route-api.ts";
import type { DocumentScope } from "./document-scope.ts";
import { type Examples, exampleInstance, exampleInstances, examplesOf, isEncoded } from "./examples.ts";
import { flashExample, flashRequest } from "./flash-schemas.ts";
import { inferenceExample, inferenceRequest } from "./inference-schemas.ts";
import { anyColumns, anyInstance, imageOf } from "./instance-schema.ts";
import { ANYTHING, anyOf, BOOLEAN, object, type Schema, TEXT } from "./schema.ts";
import { signatureName, signatureParameters } from "./signature-parts.ts";

/** One way to write a body. */
export interface MediaType {
  /** Its Content-Type. */
  readonly type: string;
  readonly schema: Schema;
  readonly examples?: Examples;
}

const JSON_TYPE = "application/json";

/** Bytes that are no text. */
export const BINARY: Schema = { type: "string", format: "binary" };

/** Every form of a body. Content-Types are what the document shows: bodies are told apart by their first bytes. */
export const BODY_FORMS: Readonly<Record<BodyForm, (scope: DocumentScope) => MediaType>> = {
  analyze: (scope) => ({
    type: JSON_TYPE,
    schema: scope.define("AnalyzeRequest", () =>
      anyOf([
        list(scope, anyInstance(scope, "analyze")),
        envelope(scope, { image_bytes: imageOf(scope, "analyze") }, { key: ANYTHING }),
      ]),
    ),
    ...examplesOf(scope, (input, model) => ({ instances: exampleInstances(input, model) })),
  }),
  predict: (scope) => ({
    type: JSON_TYPE,
    schema: scope.define("PredictRequest", () =>
      anyOf([list(scope, anyInstance(scope, "tfs")), envelope(scope, { inputs: anyColumns(scope) })]),
    ),
    ...examplesOf(scope, (input, model) => ({ instances: exampleInstances(input, model) })),
  }),
  examples: (scope) => ({
    type: JSON_TYPE,
    schema: scope.define("ExamplesRequest", () => {
      const one: Schema = { type: "object", description: "Values by the names of their features." };
      return envelope(
        scope,
        { examples: { type: "array", items: one, minItems: 1, maxItems: maxInstances(scope) } },
        { context: { ...one, description: "Features that all examples share." } },
      );
    }),
    ...examplesOf(scope, (input) => {
      if (input.kind === "row") return { examples: [input.row] };
      return isEncoded(input) ? { examples: [{ image_bytes: input.image }] } : undefined;
    }),
  }),
  cloud: (scope) => ({
    type: JSON_TYPE,
    schema: scope.define("CloudRequest", () =>
      anyOf([
        list(scope, anyOf([anyInstance(scope, "analyze"), ...carriers(scope)])),
        envelope(scope, { inputs: anyColumns(scope) }),
        envelope(scope, { image_bytes: imageOf(scope, "analyze") }, { key: ANYTHING }),
      ]),
    ),
    ...examplesOf(scope, (input, model) => ({ instances: exampleInstances(input, model) })),
  }),
  torchserve: (scope) => ({
    type: JSON_TYPE,
    schema: scope.define("TorchServeRequest", () =>
      anyOf([
        ...["data", "body"].map((name) => envelope(scope, { [name]: carried(scope) })),
        list(scope, anyOf([anyInstance(scope, "analyze"), ...carriers(scope)])),
      ]),
    ),
    ...examplesOf(scope, (input, model) =>
      input.kind === "image" ? { data: input.image } : { instances: exampleInstances(input, model) },
    ),
  }),
  flash: (scope) => ({
    type: JSON_TYPE,
    schema: flashRequest(scope),
    ...examplesOf(scope, flashExample),
  }),
  inference: (scope) => ({
    type: JSON_TYPE,
    schema: inferenceRequest(scope),
    ...examplesOf(scope, inferenceExample),
  }),
  index: (scope) => ({
    type: JSON_TYPE,
    schema: scope.define("RepositoryIndexRequest", () => object({}, { ready: BOOLEAN })),
  }),
  image: () => ({ type: "image/*", schema: BINARY }),
  multipart: () => ({
    type: "multipart/form-data",
    schema: {
      ...object({ file: BINARY }),
      description: "One file, whatever its name; other fields are ignored.",
    },
  }),
  lines: (scope) => ({
    type: "application/x-ndjson",
    schema: {
      ...TEXT,
      description:
        "An element of `instances` on each line. The first line may hold `signature_name` and `parameters`, and nothing else.",
    },
    ...examplesOf(scope, (input) => `${JSON.stringify(exampleInstance(input))}\n`),
  }),
  npy: () => ({
    type: "application/x-npy",
    schema: { ...BINARY, description: "A NumPy file; the first axis is the batch." },
  }),
  tensors: () => ({
    type: "application/octet-stream",
    schema: {
      ...BINARY,
      description:
        "JSON with binary tensors behind it, where Inference-Header-Content-Length tells the bytes of the JSON; with 0, one tensor as it is.",
    },
  }),
};

function list(scope: DocumentScope, items: Schema): Schema {
  return envelope(scope, {
    instances: { type: "array", items, minItems: 1, maxItems: maxInstances(scope) },
  });
}

/** An object of TensorFlow Serving's family. Keys that are not known are ignored. */
function envelope(
  scope: DocumentScope,
  required: Readonly<Record<string, Schema>>,
  optional: Readonly<Record<string, Schema>> = {},
): Schema {
  return object(required, {
    ...optional,
    signature_name: signatureName(scope),
    parameters: signatureParameters(scope),
  });
}

/** What else such an object holds is ignored. */
function carriers(scope: DocumentScope): Schema[] {
  return ["data", "body", "content"].map((name) => object({ [name]: carried(scope) }, { key: ANYTHING }));
}

function carried(scope: DocumentScope): Schema {
  return scope.define("Carried", () => anyOf([imageOf(scope, "analyze"), { type: ["array", "number"] }]));
}

function maxInstances({ settings }: DocumentScope): number {
  return Math.min(settings.maxInstances, settings.maxEnqueuedInstances);
}
