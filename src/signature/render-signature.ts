import { ServingError } from "../errors.ts";
import { elementCount, formatShape, type Tensor, type Tensors } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import { type RowOrigin, type ScoreMap, toClassMap, toSourceMask } from "./class-map.ts";
import type { Activation, Head, SignatureName } from "./head.ts";
import { argmax, toNumbers, topIndices, toScores } from "./scores.ts";

/** One row of a model's outputs, and what is known of where it came from. */
export interface RowResult {
  /** Without the batch dimension. */
  readonly outputs: Tensors;
  /** Absent when the instance was a plain tensor. */
  readonly origin?: RowOrigin;
}

/** What a caller may choose (`parameters` of the request). */
export interface SignatureParameters {
  /** Entries of `top_k`. */
  readonly k: number;
}

/**
 * Returns one row's answer in the form that a signature names.
 *
 * @throws {ServingError} INTERNAL when the signature is not one that the head offers.
 * @throws {ServingError} INVALID_ARGUMENT when `mask` is asked for an instance that was no image.
 */
export function renderSignature(
  name: Exclude<SignatureName, "serving_default">,
  head: Head,
  result: RowResult,
  parameters: SignatureParameters,
): Value {
  if (head.task === "classification") {
    const logits = toNumbers(outputOf(head.output, result.outputs));
    switch (name) {
      case "class":
        return argmax(logits);
      case "label":
        return labelOf(argmax(logits), head.labels);
      case "scores":
        return { dtype: "float32", shape: [logits.length], data: toScores(logits, head.activation) };
      case "top_k":
        return topK(toScores(logits, head.activation), head.labels, parameters.k);
    }
  }
  if (head.task === "segmentation") {
    const scores = toScoreMap(outputOf(head.output, result.outputs), head.activation);
    if (name === "class") return toClassMap(scores);
    if (name === "mask") return toSourceMask(scores, originOf(result));
  }
  throw new ServingError("INTERNAL", `signature ${name} is not offered for ${head.task}; this is a bug`);
}

/** Tells whether rendering these outputs takes a millisecond and more, so that it must not block the event loop. */
export function isHeavy(outputs: Tensors): boolean {
  return Object.values(outputs).some(({ shape }) => elementCount(shape) > 50_000);
}

function outputOf(name: string, outputs: Tensors): Tensor {
  const output = outputs[name];
  if (output === undefined)
    throw new ServingError("INTERNAL", `the model gave no output "${name}"; this is a bug`);
  return output;
}

function labelOf(index: number, labels: readonly string[] | undefined): string {
  return labels?.[index] ?? String(index);
}

function topK(scores: Float32Array, labels: readonly string[] | undefined, k: number): Value {
  return topIndices(scores, k).map((index) => ({
    label: labelOf(index, labels),
    class: index,
    score: { dtype: "float32", shape: [], data: scores.subarray(index, index + 1) },
  }));
}

function toScoreMap(output: Tensor, activation: Activation): ScoreMap {
  const [classes, height, width, ...more] = output.shape;
  if (classes === undefined || height === undefined || width === undefined || more.length > 0) {
    throw new ServingError(
      "INTERNAL",
      `expected scores [C, H, W], got ${formatShape(output.shape)}; this is a bug`,
    );
  }
  return { data: toNumbers(output), classes, height, width, threshold: activation === "none" ? 0.5 : 0 };
}

function originOf({ origin }: RowResult): RowOrigin {
  if (origin !== undefined) return origin;
  throw new ServingError("INVALID_ARGUMENT", 'signature "mask" needs an image: a tensor has no source size');
}
