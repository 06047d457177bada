import { ServingError } from "../errors.ts";
import { isJsonObject, type JsonObject } from "./json-object.ts";
import type { Json, PredictRequest } from "./predict-request.ts";
import { quoteJson } from "./quote-json.ts";

/** A JSON request body, checked as far as every dialect agrees. */
export interface Envelope extends Pick<PredictRequest, "signatureName" | "parameters"> {
  readonly body: JsonObject;
  /** What `body` was parsed from: integer tensors are read from it again, without doubles. */
  readonly text: string;
}

/**
 * Returns the envelope of a predict request. An empty `signature_name` is none, as in TensorFlow Serving.
 *
 * Order: top level → `signature_name` → numbers and strings → `parameters`.
 *
 * @param parsed what `JSON.parse(text)` gave
 * @throws {ServingError} INVALID_ARGUMENT when the top level, `signature_name` or `parameters` has the
 * wrong type; INVALID_JSON when a number overflows a double or a string holds half of a surrogate pair
 * @see tensorflow/serving `util/json_tensor.cc` ParseJson, FillSignature
 */
export function parseEnvelope(parsed: unknown, text: string): Envelope {
  if (!isJsonObject(parsed)) {
    throw new ServingError("INVALID_ARGUMENT", `JSON Value: ${quoteJson(parsed)} Is not object`);
  }
  const signatureName = Object.hasOwn(parsed, "signature_name") ? parsed.signature_name : "";
  if (typeof signatureName !== "string") {
    throw new ServingError(
      "INVALID_ARGUMENT",
      `JSON Value: ${quoteJson(parsed)} not formatted correctly. 'signature_name' key must be a string value.`,
    );
  }
  checkLeaves(parsed);
  const parameters = readParameters(parsed);
  return signatureName === ""
    ? { parameters, body: parsed, text }
    : { signatureName, parameters, body: parsed, text };
}

function readParameters(body: JsonObject): Readonly<Record<string, Json>> {
  if (!Object.hasOwn(body, "parameters")) return {};
  const parameters = body.parameters;
  if (isJsonObject(parameters)) return parameters as Record<string, Json>;
  throw new ServingError("INVALID_ARGUMENT", `parameters: expected an object, got ${quoteJson(parameters)}`);
}

/** Level by level, without recursion: what calls this may have checked no depth. */
function checkLeaves(root: object): void {
  for (let level = [root]; level.length > 0; ) {
    const next: object[] = [];
    for (const container of level) {
      const values: readonly unknown[] = Array.isArray(container) ? container : Object.values(container);
      for (let i = 0; i < values.length; i++) {
        const value = values[i];
        if (typeof value === "object") {
          if (value !== null) next.push(value);
        } else if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
          throw new ServingError("INVALID_JSON", "JSON Parse error: Number too big to be stored in double.");
        } else if (typeof value === "string" && !value.isWellFormed()) {
          throw new ServingError(
            "INVALID_JSON",
            "JSON Parse error: The surrogate pair in string is invalid.",
          );
        }
      }
    }
    level = next;
  }
}
