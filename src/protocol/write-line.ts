import type { ServingError } from "../errors.ts";
import { type Answer, JsonText } from "./answer.ts";
import type { Prediction } from "./write-predictions.ts";

/**
 * Returns what stands on the line of one prediction: `{"index", "key"?, "prediction"}`, or `{"index", "key"?, "error"}`
 * where it failed.
 */
export function writeLine(index: number, prediction: Prediction): Answer {
  const { key } = prediction;
  const place = key === undefined ? { index } : { index, key: new JsonText(JSON.stringify(key)) };
  if (!("error" in prediction)) return { ...place, prediction: prediction.value };
  const { code, message } = prediction.error;
  return { ...place, error: { code, message } };
}

/** Returns what stands on the last line of an answer that ends before its request: an error of no instance. */
export function writeLastLine({ code, message }: ServingError): Answer {
  return { error: { code, message } };
}
