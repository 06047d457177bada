import { LosslessNumber } from "lossless-json";

export type JsonObject = { readonly [key: string]: unknown };

/** Tells whether a parsed JSON value is an object, not a list, null or a number token. */
export function isJsonObject(value: unknown): value is JsonObject {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof LosslessNumber)
  );
}

/**
 * Tells whether `value` is `{"b64": "<string>"}` and nothing else: what TensorFlow Serving reads as a
 * value and not as named inputs.
 *
 * @see tensorflow/serving `util/json_tensor.cc` IsValBase64Object
 */
export function isBase64Object(value: unknown): value is { readonly b64: string } {
  return (
    isJsonObject(value) &&
    Object.hasOwn(value, "b64") &&
    typeof value.b64 === "string" &&
    Object.keys(value).length === 1
  );
}
