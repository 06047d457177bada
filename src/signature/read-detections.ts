import { ServingError } from "../errors.ts";
import type { Tensor, Tensors } from "../tensor/tensor.ts";
import { type Box, boxAround, type Detection } from "./detection.ts";
import type { DetectionOutputs } from "./detection-outputs.ts";
import type { Extent } from "./row-origin.ts";
import { argmax, toNumbers, toScores } from "./scores.ts";

export interface ReadOptions {
  /** Lowest score of what is returned. Bounds: 0 to 1. */
  readonly scoreThreshold: number;
  /** Size of the model's input, in pixels. */
  readonly row: Extent;
}

/**
 * Returns what a detector found at or above the threshold, in the model's order.
 *
 * Units: boxes in pixels of the model's input.
 *
 * @throws {ServingError} INTERNAL when an output is missing.
 */
export function readDetections(
  how: DetectionOutputs,
  outputs: Tensors,
  { scoreThreshold, row }: ReadOptions,
): Detection[] {
  const threshold = Math.fround(scoreThreshold);
  const numbers = (name: string) => toNumbers(outputOf(name, outputs));
  switch (how.form) {
    case "detr":
      return readQueries(how, outputs, threshold, row);
    case "torchvision":
      return readLists(
        { boxes: numbers(how.boxes), scores: numbers(how.scores), classes: numbers(how.classes) },
        { threshold, toBox: (x1, y1, x2, y2) => [x1, y1, x2, y2] },
      );
    case "tensorflow": {
      const count = numbers(how.count)[0] ?? 0;
      return readLists(
        { boxes: numbers(how.boxes), scores: numbers(how.scores), classes: numbers(how.classes), count },
        {
          threshold,
          toBox: (y1, x1, y2, x2) => [x1 * row.width, y1 * row.height, x2 * row.width, y2 * row.height],
        },
      );
    }
    case "ultralytics":
      return readAnchors(outputOf(how.output, outputs), how.classes, threshold);
    case "ultralytics_nms":
      return readTable(outputOf(how.output, outputs), threshold);
  }
}

function outputOf(name: string, outputs: Tensors): Tensor {
  const output = outputs[name];
  if (output === undefined)
    throw new ServingError("INTERNAL", `the model gave no output "${name}"; this is a bug`);
  return output;
}

/** Softmax: each query is its best class; sigmoid: each class of each query stands for itself. */
function readQueries(
  how: Extract<DetectionOutputs, { readonly form: "detr" }>,
  outputs: Tensors,
  threshold: number,
  row: Extent,
): Detection[] {
  const boxes = toNumbers(outputOf(how.boxes, outputs));
  const logits = Float64Array.from(toNumbers(outputOf(how.scores, outputs)));
  const queries = Math.floor(boxes.length / 4);
  const width = queries === 0 ? 0 : logits.length / queries;
  const found: Detection[] = [];
  for (let query = 0; query < queries; query++) {
    const scores = toScores(logits.subarray(query * width, (query + 1) * width), how.activation);
    const box = boxAround(fourAt(boxes, query * 4), row);
    // With softmax the last class is "no object".
    const candidates = how.activation === "sigmoid" ? scores.keys() : [argmax(scores.subarray(0, -1))];
    for (const index of candidates) {
      const score = scores[index] ?? 0;
      if (score >= threshold) found.push({ box, score, class: index });
    }
  }
  return found;
}

interface Lists {
  readonly boxes: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
  readonly classes: ArrayLike<number>;
  /** Of those, the first that are meant. @default all */
  readonly count?: number;
}

/** The lists are read flat: a model without a batch axis that finds one thing loses the lists' own axis. */
function readLists(
  { boxes, scores, classes, count = scores.length }: Lists,
  {
    threshold,
    toBox,
  }: { readonly threshold: number; readonly toBox: (...four: [number, number, number, number]) => Box },
): Detection[] {
  const found: Detection[] = [];
  const length = Math.min(count, scores.length, classes.length, Math.floor(boxes.length / 4));
  for (let i = 0; i < length; i++) {
    const score = scores[i] as number;
    if (score >= threshold)
      found.push({ box: toBox(...fourAt(boxes, i * 4)), score, class: classes[i] ?? 0 });
  }
  return found;
}

/** Shapes: `[4 + C + more, A]`; each anchor is its best class. */
function readAnchors(output: Tensor, classCount: number | undefined, threshold: number): Detection[] {
  const data = toNumbers(output);
  const [rows = 0, anchors = 0] = output.shape;
  const features = classCount === undefined ? rows : 4 + classCount;
  const best = new Float64Array(anchors).fill(Number.NEGATIVE_INFINITY);
  const classes = new Int32Array(anchors);
  for (let feature = 4, at = 4 * anchors; feature < features; feature++) {
    for (let anchor = 0; anchor < anchors; anchor++, at++) {
      const score = data[at] as number;
      if (score > (best[anchor] as number)) {
        best[anchor] = score;
        classes[anchor] = feature - 4;
      }
    }
  }
  const found: Detection[] = [];
  for (let anchor = 0; anchor < anchors; anchor++) {
    const score = best[anchor] as number;
    if (!(score >= threshold)) continue;
    const at = (feature: number) => data[feature * anchors + anchor] ?? Number.NaN;
    const box = boxAround([at(0), at(1), at(2), at(3)], { height: 1, width: 1 });
    found.push({ box, score, class: classes[anchor] ?? 0 });
  }
  return found;
}

/** Shapes: `[n, 6 + more]`. */
function readTable(output: Tensor, threshold: number): Detection[] {
  const data = toNumbers(output);
  const width = output.shape.at(-1) ?? 6;
  const found: Detection[] = [];
  for (let at = 0; at + 6 <= data.length; at += width) {
    const score = data[at + 4] as number;
    if (score >= threshold) found.push({ box: fourAt(data, at), score, class: data[at + 5] ?? 0 });
  }
  return found;
}

function fourAt(data: ArrayLike<number>, at: number): [number, number, number, number] {
  return [0, 1, 2, 3].map((i) => data[at + i] ?? Number.NaN) as [number, number, number, number];
}
