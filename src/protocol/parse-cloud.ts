import { parseAnalyze } from "./parse-analyze.ts";
import { parseCarried } from "./parse-carried.ts";
import { parseColumns } from "./parse-columns.ts";
import type { ParseOptions } from "./parse-instances.ts";
import type { Envelope } from "./parse-json.ts";
import type { ModelInputs, PredictRequest } from "./predict-request.ts";

/**
 * Returns what a body asks for that comes through a cloud's endpoint, whatever server it was written for:
 * `{"instances": [I, ...]}` (format "row"), TensorFlow Serving's `{"inputs": ...}` (format "columnar") or
 * `{"image_bytes": B}` (format "single"). Unknown top-level keys are ignored.
 *
 * Order: instance i of the result is element i of the list; one that cannot be read is "bad", not thrown.
 *
 * @throws {ServingError} INVALID_ARGUMENT when the body has none of the three, or the list is empty or none, or a part of
 * a columnar tensor is wrong; TOO_MANY_INSTANCES past `maxInstances`
 */
export function parseCloud(envelope: Envelope, model: ModelInputs, options: ParseOptions): PredictRequest {
  const { body, text: _text, ...choice } = envelope;
  if (Object.hasOwn(body, "inputs") && !Object.hasOwn(body, "instances")) {
    return { ...choice, format: "columnar", inputs: parseColumns(envelope, model, options) };
  }
  if (!Array.isArray(body.instances)) return parseAnalyze(envelope, model, options);
  const instances = parseCarried(body.instances, envelope, model, options);
  return { ...choice, format: "row", inputs: { kind: "instances", instances } };
}
