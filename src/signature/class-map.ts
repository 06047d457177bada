import type { Tensor } from "../tensor/tensor.ts";

/** Class of the source pixels that the model never saw, because a crop cut them off. */
export const UNSEEN_CLASS = 255;

/** Height and width in pixels. */
interface Extent {
  readonly height: number;
  readonly width: number;
}

/** Where a row's pixels came from in the source image: resized as a whole, then cut at `top`, `left`. */
export interface RowOrigin {
  readonly source: Extent;
  readonly resized: Extent;
  readonly top: number;
  readonly left: number;
  readonly row: Extent;
}

/** Scores of every class at every place: `data` is `[classes, height, width]`, row-major. */
export interface ScoreMap extends Extent {
  readonly data: ArrayLike<number>;
  readonly classes: number;
  /** With a single class: the score above which a pixel is foreground (class 1). */
  readonly threshold: number;
}

/**
 * Returns the best class of every place.
 *
 * Shapes: `[C, h, w]` → `[h, w]`; uint8, or uint16 from 257 classes on. The lowest of equal classes wins.
 */
export function toClassMap(scores: ScoreMap): Tensor {
  const { height, width } = scores;
  const classMap = allocateClasses(scores.classes, height * width);
  const place = height * width;
  for (let i = 0; i < place; i++) {
    classMap[i] = bestClass(scores, (channel) => scores.data[channel * place + i] ?? 0);
  }
  return {
    dtype: classMap instanceof Uint8Array ? "uint8" : "uint16",
    shape: [height, width],
    data: classMap,
  };
}

/**
 * Returns the best class of every pixel of the source image: the scores are interpolated bilinearly at
 * the pixel's centre, then compared.
 *
 * Shapes: `[C, h, w]` → `[source height, source width]`.
 *
 * @see torch.nn.functional.interpolate(mode="bilinear", align_corners=False), then argmax: what
 * Hugging Face's post_process_semantic_segmentation does with target_sizes
 */
export function toSourceMask(scores: ScoreMap, origin: RowOrigin): Tensor {
  const { source } = origin;
  const rows = sampleAxis(source.height, origin.resized.height, origin.top, origin.row.height, scores.height);
  const columns = sampleAxis(source.width, origin.resized.width, origin.left, origin.row.width, scores.width);
  const mask = allocateClasses(scores.classes, source.height * source.width);
  const place = scores.height * scores.width;
  let target = 0;
  for (const row of rows) {
    for (const column of columns) {
      mask[target++] =
        row === undefined || column === undefined
          ? UNSEEN_CLASS
          : bestClass(scores, (channel) => interpolate(scores, channel * place, row, column));
    }
  }
  return {
    dtype: mask instanceof Uint8Array ? "uint8" : "uint16",
    shape: [source.height, source.width],
    data: mask,
  };
}

/** Two neighbours on an axis and the weight of the second. */
interface Sample {
  readonly low: number;
  readonly high: number;
  readonly weight: number;
}

/** For each source pixel of an axis, where its centre falls on the score map; undefined where the row ends. */
function sampleAxis(
  source: number,
  resized: number,
  offset: number,
  row: number,
  scores: number,
): (Sample | undefined)[] {
  return Array.from({ length: source }, (_, i) => {
    const onRow = ((i + 0.5) * resized) / source - offset;
    if (onRow < 0 || onRow > row) return undefined;
    const position = Math.max(0, (onRow * scores) / row - 0.5);
    const low = Math.min(Math.floor(position), scores - 1);
    return { low, high: Math.min(low + 1, scores - 1), weight: position - low };
  });
}

function interpolate({ data, width }: ScoreMap, start: number, row: Sample, column: Sample): number {
  const at = (y: number, x: number) => data[start + y * width + x] ?? 0;
  const upper = at(row.low, column.low) * (1 - column.weight) + at(row.low, column.high) * column.weight;
  const lower = at(row.high, column.low) * (1 - column.weight) + at(row.high, column.high) * column.weight;
  return upper * (1 - row.weight) + lower * row.weight;
}

function bestClass({ classes, threshold }: ScoreMap, scoreOf: (channel: number) => number): number {
  let bestScore = scoreOf(0);
  if (classes === 1) return bestScore > threshold ? 1 : 0;
  let best = 0;
  for (let channel = 1; channel < classes; channel++) {
    const score = scoreOf(channel);
    if (score > bestScore) {
      bestScore = score;
      best = channel;
    }
  }
  return best;
}

/** 255 stays free for {@link UNSEEN_CLASS}. */
function allocateClasses(classes: number, length: number): Uint8Array | Uint16Array {
  return classes <= UNSEEN_CLASS ? new Uint8Array(length) : new Uint16Array(length);
}
