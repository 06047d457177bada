import { ServingError } from "../errors.ts";
import { writeJsonText } from "../protocol/write-json.ts";
import type { Head } from "../signature/head.ts";
import { toNumbers, topIndices } from "../signature/scores.ts";
import type { AnswerTensor } from "../tensor/answer-tensor.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";

export interface ClassificationOptions {
  /** Most elements of a row to tell. Minimum: 1. */
  readonly count: number;
  /** Whether axis 0 of the tensor counts rows. */
  readonly hasRows: boolean;
  /** Where they name the elements of a row. */
  readonly labels?: readonly string[] | undefined;
}

/**
 * Returns the largest elements of each row as `<value>:<index>`, with `:<label>` where they have names: Triton's
 * classification.
 *
 * Shapes: `[n, ...S]` → `[n, k]`, or without rows `[...S]` → `[k]`; k is `count`, or the size of S where that is less.
 * Order: largest first, of equal ones the lower index.
 *
 * @throws {ServingError} INVALID_ARGUMENT when the tensor holds no numbers.
 * @see triton-inference-server/server `docs/protocol/extension_classification.md`
 */
export function classificationTensor(
  name: string,
  tensor: AnswerTensor,
  { count, hasRows, labels }: ClassificationOptions,
): Tensor {
  const { dtype, shape } = tensor;
  if (dtype === "string" || dtype === "bytes" || dtype === "bool") {
    throw new ServingError("INVALID_ARGUMENT", `output '${name}' holds no numbers to classify by`);
  }
  const [rows = 1, size] = hasRows ? [shape[0], elementCount(shape.slice(1))] : [1, elementCount(shape)];
  const numbers = Array.from(toNumbers(tensor as Tensor));
  const names = labels?.length === size ? labels : undefined;
  const data = Array.from({ length: rows }, (_, row) =>
    topIndices(numbers.slice(row * size, (row + 1) * size), count).map((index) => {
      const value = textOf(tensor as Tensor, row * size + index);
      return names === undefined ? `${value}:${index}` : `${value}:${index}:${names[index]}`;
    }),
  );
  const k = Math.min(count, size);
  return { dtype: "string", shape: hasRows ? [rows, k] : [k], data: data.flat() };
}

/** Returns the labels that name the elements of an output, if there are any. */
export function labelsOfOutput(head: Head, name: string): readonly string[] | undefined {
  if (head.task !== "classification") return undefined;
  return name === head.output || name === "scores" ? head.labels : undefined;
}

/** In the shortest form that reads back the same element, as all numbers are written. */
function textOf({ dtype, data }: Tensor, at: number): string {
  const element = { dtype, shape: [], data: data.slice(at, at + 1) as Tensor["data"] };
  const number = toNumbers(element)[0] as number;
  // JSON has no word for them.
  if (!Number.isFinite(number)) return String(number).replace("Infinity", "inf").toLowerCase();
  return writeJsonText(element);
}
