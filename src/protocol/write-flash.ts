import { isTensor, type Tensor } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import type { Answer } from "./answer.ts";
import type { FlashRequest } from "./flash-request.ts";
import type { Prediction } from "./write-predictions.ts";

/** What an answer's form follows from. */
export type FlashForm =
  /** Label, Number, an image, a class map, or what a signature gives. */
  | "value"
  /** Repeated boxes and labels. */
  | "boxes"
  /** Several named outputs. */
  | "named";

interface FlashAnswerOptions extends Pick<FlashRequest, "isRepeated" | "isTask"> {
  readonly session: string;
  readonly form: FlashForm;
}

/**
 * Returns the answer of Flash Serve: `{"session", "result": {"<output>": ...}}`. The output of a task is `outputs`; else a
 * detector's are `boxes`, `labels` and `scores`, and any other's is `prediction`, or its own names where it has several.
 * The answer to a list is a list in each output.
 *
 * @see Lightning-Universe/lightning-flash `src/flash/core/serve/flash_components.py` FlashOutputs
 */
export function writeFlash(
  predictions: readonly Prediction[],
  { session, form, isRepeated, isTask }: FlashAnswerOptions,
): Answer {
  const named = predictions.map((prediction) => toOutputs(prediction, form));
  if (isTask) {
    const values = named.map((outputs) => (form === "value" ? (outputs.prediction ?? null) : outputs));
    return { session, result: { outputs: isRepeated ? values : (values[0] ?? null) } };
  }
  const [first = {}] = named;
  if (!isRepeated) return { session, result: first };
  const names = [...new Set(named.flatMap((outputs) => Object.keys(outputs)))];
  return {
    session,
    result: Object.fromEntries(names.map((name) => [name, named.map((outputs) => outputs[name] ?? null)])),
  };
}

type Outputs = Readonly<Record<string, Answer>>;

/** One that failed stands where the answer would. */
function toOutputs(prediction: Prediction, form: FlashForm): Outputs {
  if ("error" in prediction) {
    const { code, message } = prediction.error;
    return { [form === "value" ? "prediction" : "error"]: { error: { code, message } } };
  }
  const { value } = prediction;
  if (form === "boxes" && Array.isArray(value)) return toBoxes(value as readonly Detected[]);
  if (form === "named" && isObject(value)) return value;
  return { prediction: toPlain(value) };
}

interface Detected {
  readonly label: string;
  readonly score: Value;
  readonly box: Value;
}

function toBoxes(found: readonly Detected[]): Outputs {
  return {
    boxes: found.map(({ box }) => box),
    labels: found.map(({ label }) => label),
    scores: found.map(({ score }) => score),
  };
}

/** A Number stands alone, and an image is its base64. */
function toPlain(value: Value): Value {
  if (isTensor(value) && value.shape.length === 1 && value.shape[0] === 1)
    return { ...value, shape: [] } as Tensor;
  return isObject(value) && Object.keys(value).length === 1 && "b64" in value ? (value.b64 ?? null) : value;
}

function isObject(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isTensor(value);
}
