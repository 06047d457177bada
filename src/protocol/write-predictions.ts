import type { ServingError } from "../errors.ts";
import { isTensor } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import { type Answer, JsonText } from "./answer.ts";
import type { Json } from "./predict-request.ts";

/** What became of one instance, with the `key` that it came with. */
export type Prediction =
  | { readonly value: Value; readonly key?: Json }
  | { readonly error: ServingError; readonly key?: Json };

type ValueObject = { readonly [key: string]: Value };

/**
 * Returns the body that answers a request of instances: `predictions`, `outputs` or `prediction`.
 * A failed instance has `{"error": {"code", "message"}}` in its place, and its own element of `errors`.
 * The key of an instance is added where its prediction is an object.
 *
 * Order: element i answers instance i.
 */
export function writePredictions(
  format: "row" | "columnar" | "single",
  predictions: readonly Prediction[],
): Answer {
  const values = predictions.map(toValue);
  const tail = errorsOf(predictions);
  if (format === "single") return { prediction: values[0] ?? null, ...tail };
  return format === "row"
    ? { predictions: values, ...tail }
    : { outputs: toColumns(predictions) ?? values, ...tail };
}

/**
 * Returns the body that answers `:classify` and `:regress`, what became of each example in its place.
 *
 * @param toResult makes the answer of a prediction that did not fail
 */
export function writeResults(predictions: readonly Prediction[], toResult: (value: Value) => Value): Answer {
  const results = predictions.map((one) => ("error" in one ? toValue(one) : toResult(one.value)));
  return { results, ...errorsOf(predictions) };
}

/** Returns the body of an answer that is only an error. */
export function writeError({ message, code, instance }: ServingError): Value {
  return instance === undefined ? { error: message, code } : { error: message, code, instance };
}

function toValue(prediction: Prediction): Answer {
  if ("error" in prediction) {
    return { error: { code: prediction.error.code, message: prediction.error.message } };
  }
  const { value, key } = prediction;
  if (key === undefined || !isPlainObject(value) || Object.hasOwn(value, "key")) return value;
  return { ...value, key: toJsonText(key) };
}

function errorsOf(predictions: readonly Prediction[]): { readonly errors?: readonly Answer[] } {
  const errors = predictions.flatMap(toError);
  return errors.length === 0 ? {} : { errors };
}

function toError(prediction: Prediction, instance: number): Answer[] {
  if (!("error" in prediction)) return [];
  const { error, key } = prediction;
  const entry = { instance, code: error.code, message: error.message };
  return [key === undefined ? entry : { ...entry, key: toJsonText(key) }];
}

/**
 * Columnar answers name the output first and count the instances second. Returns undefined where the
 * predictions are not all objects of the same names, or stand for one value, as `{"b64"}` does.
 */
function toColumns(predictions: readonly Prediction[]): ValueObject | undefined {
  const objects: ValueObject[] = [];
  for (const prediction of predictions) {
    if ("error" in prediction || !isPlainObject(prediction.value)) return undefined;
    objects.push(prediction.value);
  }
  const names = Object.keys(objects[0] ?? {});
  const same = objects.every((object) => Object.keys(object).join("\0") === names.join("\0"));
  if (!same || names.length === 0 || (names.length === 1 && names[0] === "b64")) return undefined;
  return Object.fromEntries(names.map((name) => [name, objects.map((object) => object[name] ?? null)]));
}

function isPlainObject(value: Value): value is ValueObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isTensor(value);
}

function toJsonText(key: Json): JsonText {
  return new JsonText(JSON.stringify(key));
}
