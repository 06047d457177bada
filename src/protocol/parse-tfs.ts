import { ServingError } from "../errors.ts";
import { parseColumns } from "./parse-columns.ts";
import { type ParseOptions, parseInstances } from "./parse-instances.ts";
import type { Envelope } from "./parse-json.ts";
import type { ModelInputs, PredictRequest } from "./predict-request.ts";
import { quoteJson } from "./quote-json.ts";

/**
 * Returns what a body of `/v1/models/<name>:predict` asks for, in the row format (`instances`) or the
 * columnar one (`inputs`). Unknown top-level keys are ignored.
 *
 * Order: call it after the model and the signature were found, as TensorFlow Serving does; instance i of
 * the result is element i of the list; one that cannot be read is "bad", not thrown.
 *
 * @throws {ServingError} INVALID_ARGUMENT and INVALID_BASE64 with TensorFlow Serving's texts when the list
 * as a whole, or any part of a columnar tensor, is wrong; TOO_MANY_INSTANCES past `maxInstances`
 * @see tensorflow/serving `util/json_tensor.cc` FillPredictRequestFromJson
 */
export function parseTfs(envelope: Envelope, model: ModelInputs, options: ParseOptions): PredictRequest {
  const { body, text: _text, ...choice } = envelope;
  const hasInputs = Object.hasOwn(body, "inputs");
  if (Object.hasOwn(body, "instances")) {
    if (hasInputs) {
      throw new ServingError(
        "INVALID_ARGUMENT",
        `JSON Value: ${quoteJson(body)} Not formatted correctly expecting only one of 'inputs' or ` +
          "'instances' keys to exist ",
      );
    }
    const instances = parseInstances(envelope, model, { ...options, dialect: "tfs" });
    return { ...choice, format: "row", inputs: { kind: "instances", instances } };
  }
  if (!hasInputs) throw new ServingError("INVALID_ARGUMENT", "Missing 'inputs' or 'instances' key");
  return { ...choice, format: "columnar", inputs: parseColumns(envelope, model, options) };
}
