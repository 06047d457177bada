import type { Tensor } from "../tensor/tensor.ts";

/** Classes of the source pixels that the model never saw, because a crop cut them off: no class has that number. */
const UNSEEN = { uint8: 255, uint16: 65_535 } as const;

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
 * Shapes: `[C, h, w]` → `[h, w]`; uint8, or uint16 from 256 classes on. The lowest of equal classes wins.
 */
export function toClassMap(scores: ScoreMap): Tensor {
  const { height, width } = scores;
  const dtype = classMapDType(scores.classes);
  const classMap = allocateClasses(dtype, height * width);
  const place = height * width;
  for (let i = 0; i < place; i++) {
    classMap[i] = bestClass(scores, (channel) => scores.data[channel * place + i] ?? 0);
  }
  return { dtype, shape: [height, width], data: classMap };
}

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
  const { source } = origin;
  const rows = sampleAxis(source.height, origin.resized.height, origin.top, origin.row.height, scores.height);
  const columns = sampleAxis(source.width, origin.resized.width, origin.left, origin.row.width, scores.width);
  const dtype = classMapDType(scores.classes);
  const mask = allocateClasses(dtype, source.height * source.width);
  const place = scores.height * scores.width;
  let target = 0;
  for (const row of rows) {
    for (const column of columns) {
      mask[target++] =
        row === undefined || column === undefined
          ? UNSEEN[dtype]
          : bestClass(scores, (channel) => interpolate(scores, channel * place, row, column));
    }
  }
  return { dtype, shape: [source.height, source.width], data: mask };
}

/** Returns the type of a map of classes: uint8 while 255 stays free for the pixels that the model never saw. */
export function classMapDType(classes: number): keyof typeof UNSEEN {
  return classes <= UNSEEN.uint8 ? "uint8" : "uint16";
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

function allocateClasses(dtype: keyof typeof UNSEEN, length: number): Uint8Array | Uint16Array {
  return dtype === "uint8" ? new Uint8Array(length) : new Uint16Array(length);
}
