import type { Tensors } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import { byScore, type Detection } from "./detection.ts";
import type { Head } from "./head.ts";
import { readDetections } from "./read-detections.ts";
import type { RowOrigin } from "./row-origin.ts";
import type { SignatureParameters } from "./signature-parameters.ts";
import { suppressOverlaps } from "./suppress-overlaps.ts";
import { toSourceBox } from "./to-source-box.ts";

type DetectionHead = Extract<Head, { readonly task: "detection" }>;

/** One row of a detector's outputs. */
export interface DetectionRow {
  readonly outputs: Tensors;
  readonly origin: RowOrigin;
}

/**
 * Returns what a detector found in a picture.
 *
 * Order: best first; of equal scores, the model's order.
 * Units: `boxes` in pixels of the source image, x1, y1, x2, y2; `detection` in 0..1 of it, ymin, xmin, ymax, xmax.
 *
 * @throws {ServingError} INTERNAL when an output is missing.
 * @see tensorflow/models `research/object_detection/core/standard_fields.py` DetectionResultFields
 */
export function renderDetections(
  name: "boxes" | "detection",
  head: DetectionHead,
  row: DetectionRow,
  parameters: SignatureParameters,
): Value {
  const found = findInSource(head, row, parameters);
  if (name === "boxes") {
    return found.map((one) => ({
      label: labelOf(one.class, head),
      class: one.class,
      score: float32([], [one.score]),
      box: float32([4], one.box),
    }));
  }
  const { height, width } = row.origin.source;
  const count = found.length;
  const edges = found.flatMap(({ box: [x1, y1, x2, y2] }) => [
    y1 / height,
    x1 / width,
    y2 / height,
    x2 / width,
  ]);
  return {
    num_detections: count,
    detection_boxes: float32([count, 4], edges),
    detection_scores: float32(
      [count],
      found.map(({ score }) => score),
    ),
    detection_classes: found.map((one) => one.class),
  };
}

/** Units: boxes in pixels of the source. */
function findInSource(
  { outputs: how }: DetectionHead,
  { outputs, origin }: DetectionRow,
  { scoreThreshold, iouThreshold, maxDetections }: SignatureParameters,
): Detection[] {
  const found = readDetections(how, outputs, { scoreThreshold, row: origin.row });
  const best = how.form === "ultralytics" ? suppressOverlaps(found, { iouThreshold, maxDetections }) : found;
  return best
    .flatMap((one) => {
      const box = toSourceBox(one.box, origin);
      return box === undefined ? [] : [{ ...one, box }];
    })
    .toSorted(byScore)
    .slice(0, maxDetections);
}

function labelOf(index: number, { labels, firstLabel = 0 }: DetectionHead): string {
  return labels?.[index - firstLabel] ?? String(index);
}

function float32(shape: readonly number[], numbers: readonly number[]): Value {
  return { dtype: "float32", shape, data: Float32Array.from(numbers) };
}
