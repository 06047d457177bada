import { ServingError } from "../errors.ts";
import { readImage } from "./parse-image.ts";
import { type ParseOptions, parseInstances } from "./parse-instances.ts";
import type { Envelope } from "./parse-json.ts";
import type { Instance, Json, ModelInputs, PredictRequest } from "./predict-request.ts";

/**
 * Returns what a body of `/analyze:predict` asks for: `{"instances": [I, ...]}` (format "row") or
 * `{"image_bytes": B}` (format "single"). Unknown top-level keys are ignored.
 *
 * Order: instance i of the result is element i of the list; one that cannot be read is "bad", not thrown.
 *
 * @throws {ServingError} INVALID_ARGUMENT when the body has both or neither, or `inputs`, when the list is empty, or
 * when the model takes no images but gets one; TOO_MANY_INSTANCES past `maxInstances`
 * @see developmentseed/fastai-serving `src/server.py`
 */
export function parseAnalyze(envelope: Envelope, model: ModelInputs, options: ParseOptions): PredictRequest {
  const { body, text: _text, ...choice } = envelope;
  if (Object.hasOwn(body, "inputs")) {
    throw new ServingError("INVALID_ARGUMENT", "'inputs' is taken by /v1/models/<name>:predict, not here");
  }
  const hasInstances = Object.hasOwn(body, "instances");
  if (hasInstances === Object.hasOwn(body, "image_bytes")) {
    throw new ServingError(
      "INVALID_ARGUMENT",
      `expected either 'instances' or 'image_bytes', got ${hasInstances ? "both" : "neither"}`,
    );
  }
  if (hasInstances) {
    const instances = parseInstances(envelope, model, { ...options, dialect: "analyze" });
    return { ...choice, format: "row", inputs: { kind: "instances", instances } };
  }
  if (model.imageInput === undefined) {
    throw new ServingError("INVALID_ARGUMENT", "image_bytes: the model takes no images; send 'instances'");
  }
  const key = Object.hasOwn(body, "key") ? { key: body.key as Json } : {};
  const instance = { ...readSingle(body.image_bytes, options), ...key };
  return { ...choice, format: "single", inputs: { kind: "instances", instances: [instance] } };
}

function readSingle(value: unknown, { payloads }: ParseOptions): Instance {
  try {
    return { kind: "image", ...readImage(value, "image_bytes", { dialect: "analyze", payloads }) };
  } catch (error) {
    if (!(error instanceof ServingError)) throw error;
    return { kind: "bad", error };
  }
}
