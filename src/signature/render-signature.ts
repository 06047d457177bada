import { ServingError } from "../errors.ts";
import { elementCount, formatShape, type Tensor, type Tensors } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import { type ScoreMap, toClassMap } from "./class-map.ts";
import { toClassScores } from "./class-scores.ts";
import { encodeMaskPng } from "./encode-mask-png.ts";
import type { Activation, Head, SignatureName } from "./head.ts";
import { readClassMap, toSourceClasses } from "./ready-class-map.ts";
import { renderDetections } from "./render-detections.ts";
import type { RowOrigin } from "./row-origin.ts";
import { argmax, toNumbers, topIndices, toScores } from "./scores.ts";
import type { SignatureParameters } from "./signature-parameters.ts";
import { toSourceMask } from "./source-mask.ts";

/** The signatures that the server renders by itself: not the raw rows, and not a handler's answer. */
export type RenderedSignature = Exclude<SignatureName, "serving_default" | "custom">;

/** One row of a model's outputs, and what is known of where it came from. */
export interface RowResult {
  /** Without the batch dimension. */
  readonly outputs: Tensors;
  /** Absent when the instance was a plain tensor. */
  readonly origin?: RowOrigin;
}

/**
 * Returns one row's answer in the form that a signature names.
 *
 * @throws {ServingError} INTERNAL when the signature is not one that the head offers.
 * @throws {ServingError} INVALID_ARGUMENT when a form in pixels of the source image is asked for an instance that was no image.
 */
export function renderSignature(
  name: RenderedSignature,
  head: Head,
  result: RowResult,
  parameters: SignatureParameters,
): Value {
  if (head.task === "classification") {
    const given = toNumbers(outputOf(head.output, result.outputs));
    const { logits, activation } = head.isBinary
      ? bothClasses(given[0] ?? Number.NaN, head.activation)
      : { logits: given, activation: head.activation };
    switch (name) {
      case "class":
        return head.isMultiLabel ? passing(logits, head, parameters) : argmax(logits);
      case "label":
        return head.isMultiLabel
          ? passing(logits, head, parameters).map((index) => labelOf(index, head.labels))
          : labelOf(argmax(logits), head.labels);
      case "scores":
        return { dtype: "float32", shape: [logits.length], data: toScores(logits, activation) };
      case "top_k":
        return topK(toScores(logits, activation), head.labels, parameters.k);
    }
  }
  if (head.task === "segmentation") {
    const output = outputOf(head.output, result.outputs);
    if (name === "class") {
      return head.isClassMap ? readClassMap(output, head.classes) : toClassMap(toScoreMap(output, head));
    }
    if (name === "class_score") return toClassScores(toScoreMap(output, head), head.activation);
    if (name === "mask" || name === "mask_png" || name === "base64_prediction") {
      const origin = originOf(name, result);
      const mask = head.isClassMap
        ? toSourceClasses(readClassMap(output, head.classes), origin)
        : toSourceMask(toScoreMap(output, head), origin);
      return writeMask(name, mask);
    }
  }
  if (head.task === "detection" && (name === "boxes" || name === "detection")) {
    const row = { outputs: result.outputs, origin: originOf(name, result) };
    return renderDetections(name, head, row, parameters);
  }
  throw new ServingError("INTERNAL", `signature ${name} is not offered for ${head.task}; this is a bug`);
}

const HEAVY_ELEMENTS = 50_000;

/** Tells whether rendering takes a millisecond and more, so that it must not block the event loop. */
export function isHeavy(name: SignatureName, { task }: Head, { outputs, origin }: RowResult): boolean {
  const sourcePixels = origin === undefined ? 0 : origin.source.height * origin.source.width;
  if (task === "segmentation" && name !== "class" && sourcePixels > HEAVY_ELEMENTS) return true;
  return Object.values(outputs).some(({ shape }) => elementCount(shape) > HEAVY_ELEMENTS);
}

function outputOf(name: string, outputs: Tensors): Tensor {
  const output = outputs[name];
  if (output === undefined)
    throw new ServingError("INTERNAL", `the model gave no output "${name}"; this is a bug`);
  return output;
}

/** A probability p of class 1 leaves 1 - p; a sigmoid of z is what a softmax makes of 0 and z. */
function bothClasses(
  number: number,
  activation: Activation,
): { readonly logits: readonly number[]; readonly activation: Activation } {
  return activation === "none"
    ? { logits: [1 - number, number], activation }
    : { logits: [Number.isNaN(number) ? Number.NaN : 0, number], activation: "softmax" };
}

/** Returns the classes whose score is at or above the threshold, in ascending order. */
function passing(
  logits: ArrayLike<number>,
  { activation }: { readonly activation: Activation },
  { scoreThreshold }: SignatureParameters,
): number[] {
  const threshold = Math.fround(scoreThreshold);
  return [...toScores(logits, activation).entries()].flatMap(([index, score]) =>
    score >= threshold ? [index] : [],
  );
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

function toScoreMap(
  output: Tensor,
  { activation, isChannelsLast }: { readonly activation: Activation; readonly isChannelsLast?: boolean },
): ScoreMap {
  const [first, second, third, ...more] = output.shape;
  const [classes, height, width] = isChannelsLast ? [third, first, second] : [first, second, third];
  if (classes === undefined || height === undefined || width === undefined || more.length > 0) {
    throw new ServingError(
      "INTERNAL",
      `expected scores [C, H, W], got ${formatShape(output.shape)}; this is a bug`,
    );
  }
  const numbers = toNumbers(output);
  const data = isChannelsLast ? channelsFirst(numbers, classes) : numbers;
  return { data, classes, height, width, threshold: activation === "none" ? 0.5 : 0 };
}

/** Shapes: `[H, W, C]` → `[C, H, W]`, flat. */
function channelsFirst(numbers: ArrayLike<number>, channels: number): Float32Array {
  const moved = new Float32Array(numbers.length);
  for (let channel = 0, at = 0; channel < channels; channel++) {
    for (let from = channel; from < numbers.length; from += channels, at++)
      moved[at] = numbers[from] as number;
  }
  return moved;
}

/** Shapes: mask `[H, W]` of classes. Order: the bytes of a uint16 mask are little-endian. */
function writeMask(name: "mask" | "mask_png" | "base64_prediction", mask: Tensor): Value {
  if (name === "mask") return mask;
  const [height = 0, width = 0] = mask.shape;
  const data = mask.data as Uint8Array | Uint16Array;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (name === "mask_png") return { b64: encodeMaskPng(bytes, { height, width }).toString("base64") };
  return {
    base64_prediction: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64"),
    shape: [height, width],
    dtype: mask.dtype,
  };
}

function originOf(name: SignatureName, { origin }: RowResult): RowOrigin {
  if (origin !== undefined) return origin;
  throw new ServingError(
    "INVALID_ARGUMENT",
    `signature "${name}" needs an image: a tensor has no source size`,
  );
}
