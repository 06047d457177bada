import { ServingError } from "../errors.ts";
import { parseCarried } from "./parse-carried.ts";
import { type ParseOptions, parseInstances } from "./parse-instances.ts";
import type { Envelope } from "./parse-json.ts";
import type { ModelInputs, PredictRequest } from "./predict-request.ts";

/**
 * Returns what a body of `/predictions/<name>` asks for: `{"data": B}` or `{"body": B}` (format "single"), where B is
 * an image in base64 or nested numbers, or `{"instances": [I, ...]}` (format "row"), whose elements may be such objects.
 * Unknown top-level keys are ignored.
 *
 * Order: instance i of the result is element i of the list; one that cannot be read is "bad", not thrown.
 *
 * @throws {ServingError} INVALID_ARGUMENT when the body has none of the three or several, or the list is empty or none;
 * TOO_MANY_INSTANCES past `maxInstances`
 * @see pytorch/serve `ts/torch_handler/request_envelope/json.py`
 */
export function parseTorchServe(
  envelope: Envelope,
  model: ModelInputs,
  options: ParseOptions,
): PredictRequest {
  const { body, text: _text, ...choice } = envelope;
  const given = ["data", "body", "instances"].filter((name) => Object.hasOwn(body, name));
  if (given.length !== 1) {
    throw new ServingError(
      "INVALID_ARGUMENT",
      `expected one of 'data', 'body' and 'instances', got ${given.join(" and ") || "none"}`,
    );
  }
  if (!Object.hasOwn(body, "instances")) {
    const instances = parseCarried([body], envelope, model, options);
    return { ...choice, format: "single", inputs: { kind: "instances", instances } };
  }
  const instances = Array.isArray(body.instances)
    ? parseCarried(body.instances, envelope, model, options)
    : parseInstances(envelope, model, { ...options, dialect: "analyze" });
  return { ...choice, format: "row", inputs: { kind: "instances", instances } };
}
