import type { Tensor } from "../tensor/tensor.ts";
import { type AxisSamples, sampleSource } from "./axis-samples.ts";
import {
  allocateClasses,
  classMapDType,
  markForeground,
  type ScoreMap,
  toClassMap,
  UNSEEN,
} from "./class-map.ts";
import type { RowOrigin } from "./row-origin.ts";

/**
 * Returns the best class of every pixel of the source image: the scores are interpolated bilinearly at
 * the pixel's centre, then compared. Pixels that a crop cut off are 255, or 65535 in uint16.
 *
 * Shapes: `[C, h, w]` → `[source height, source width]`; uint8, or uint16 from 256 classes on.
 *
 * @see torch.nn.functional.interpolate(mode="bilinear", align_corners=False), then argmax: what
 * Hugging Face's post_process_semantic_segmentation does with target_sizes
 */
export function toSourceMask(scores: ScoreMap, origin: RowOrigin): Tensor {
  const { height, width } = origin.source;
  const { rows, columns } = sampleSource(scores, origin);
  if (isIdentity(rows, scores.height) && isIdentity(columns, scores.width)) return toClassMap(scores);
  const dtype = classMapDType(scores.classes);
  const mask = allocateClasses(dtype, height * width);
  mask.fill(UNSEEN[dtype]);
  const seen = columns.end - columns.start;
  const [line, best] = [new Float64Array(seen), new Float64Array(seen)];
  for (let y = rows.start; y < rows.end; y++) {
    const classes = mask.subarray(y * width + columns.start, y * width + columns.end);
    classes.fill(0);
    best.fill(Number.NEGATIVE_INFINITY);
    for (let channel = 0; channel < scores.classes; channel++) {
      interpolateLine(scores, channel, { rows, y, columns }, line);
      keepBest(line, channel, best, classes);
    }
    if (scores.classes === 1) markForeground(best, scores.threshold, classes);
  }
  return { dtype, shape: [height, width], data: mask };
}

function isIdentity({ low, weight, start, end }: AxisSamples, size: number): boolean {
  if (start !== 0 || end !== size || low.length !== size) return false;
  return low.every((place, i) => place === i && weight[i] === 0);
}

/** Where a line of the source lies on the score map. */
interface LinePlace {
  readonly rows: AxisSamples;
  readonly y: number;
  readonly columns: AxisSamples;
}

/** Writes one class's scores of the seen pixels of source line `y`. */
function interpolateLine(
  { data, height, width }: ScoreMap,
  channel: number,
  { rows, y, columns }: LinePlace,
  line: Float64Array,
): void {
  const { low, high, weight, start } = columns;
  const upper = (channel * height + (rows.low[y] as number)) * width;
  const lower = (channel * height + (rows.high[y] as number)) * width;
  const down = rows.weight[y] as number;
  for (let i = 0; i < line.length; i++) {
    const left = low[start + i] as number;
    const right = high[start + i] as number;
    const across = weight[start + i] as number;
    const above = (data[upper + left] as number) * (1 - across) + (data[upper + right] as number) * across;
    const below = (data[lower + left] as number) * (1 - across) + (data[lower + right] as number) * across;
    line[i] = above * (1 - down) + below * down;
  }
}

function keepBest(
  line: Float64Array,
  channel: number,
  best: Float64Array,
  classes: Uint8Array | Uint16Array,
): void {
  for (let i = 0; i < line.length; i++) {
    const score = line[i] as number;
    if (score > (best[i] as number)) {
      best[i] = score;
      classes[i] = channel;
    }
  }
}
