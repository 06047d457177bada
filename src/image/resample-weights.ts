import { ServingError } from "../errors.ts";
import { FILTER_KERNELS } from "./filter-kernel.ts";
import type { Filter } from "./preprocess-spec.ts";
import { remember } from "./remember.ts";

/** Bits of fraction of a weight: 32 less 8 for the pixel and 2 for sums outside 0..1. */
const PRECISION_BITS = 22;

/** Bits of the lower half of a weight: the halves are multiplied as signed 16-bit numbers. */
const LOW_BITS = 15;

/** 64 MiB of weights. */
const MAX_WEIGHTS = 2 ** 24;

/** At most 128 KiB of weights are kept for an axis, for the two axes of 32 sizes. */
const MAX_KEPT_WEIGHTS = 2 ** 15;
const KEPT_AXES = 64;

/** How each target pixel of one axis is made of source pixels, as the kernels read it. */
export interface AxisWeights {
  /** The source pixels that are read, from `from` up to `to`. */
  readonly from: number;
  readonly to: number;
  /** For each target pixel, the first source pixel that it reads, less `from`, and the number of pairs of them. */
  readonly extents: Int32Array;
  /** For each target pixel `stride` bytes: pairs of weights, the low halves of both, then their high halves. */
  readonly weights: Int16Array;
  readonly stride: number;
}

/** One axis: the part [`from`, `to`) of `sourceLength` pixels is brought to `targetLength` pixels. */
export interface Axis {
  readonly sourceLength: number;
  readonly from: number;
  readonly to: number;
  readonly targetLength: number;
  /** Only these target pixels are wanted: `windowLength` of them from `windowStart` on. */
  readonly windowStart: number;
  readonly windowLength: number;
}

/**
 * Returns the normalised weights of one axis for the target pixels in its window, bit for bit those of Pillow.
 *
 * @throws {ServingError} IMAGE_TOO_LARGE when a single edge is so long (2.7 million pixels and more) that its weights
 * would take more memory than the pixels.
 * @see python-pillow/Pillow `src/libImaging/Resample.c` precompute_coeffs, normalize_coeffs_8bpc
 */
export function resampleWeights(axis: Axis, filter: Exclude<Filter, "nearest">): AxisWeights {
  const shrink = Math.max((axis.to - axis.from) / axis.targetLength, 1);
  const taps = 2 * FILTER_KERNELS[filter].support * shrink + 1;
  return axis.windowLength * taps > MAX_KEPT_WEIGHTS ? makeWeights(axis, filter) : keptWeights(axis, filter);
}

const keptWeights = remember(
  makeWeights,
  (axis, filter) => [filter, ...Object.values(axis)].join(" "),
  KEPT_AXES,
);

function makeWeights(axis: Axis, filter: Exclude<Filter, "nearest">): AxisWeights {
  const { support, weigh } = FILTER_KERNELS[filter];
  // Pillow keeps the box in C floats.
  const from = Math.fround(axis.from);
  const scale = Math.fround(Math.fround(axis.to) - from) / axis.targetLength;
  const filterScale = Math.max(scale, 1);
  const reach = support * filterScale;
  const inverse = 1 / filterScale;
  const stride = Math.ceil(reach) * 2 + 1;
  if (axis.windowLength * stride > MAX_WEIGHTS) {
    const got = `got an edge of ${axis.sourceLength}`;
    throw new ServingError("IMAGE_TOO_LARGE", `expected an image of shorter edges to resize, ${got} pixels`);
  }
  const pairs = Math.ceil(stride / 2);
  const extents = new Int32Array(axis.windowLength * 2);
  const weights = new Int16Array(axis.windowLength * pairs * 4);
  const exact = new Float64Array(stride);
  let first = 0;
  let end = 0;
  for (let i = 0; i < axis.windowLength; i++) {
    const center = from + (axis.windowStart + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - reach + 0.5));
    const count = Math.min(axis.sourceLength, Math.trunc(center + reach + 0.5)) - start;
    if (i === 0) first = start;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const weight = weigh((k + start - center + 0.5) * inverse);
      exact[k] = weight;
      sum += weight;
    }
    for (let k = 0; k < count; k++) {
      const weight = (exact[k] as number) / (sum === 0 ? 1 : sum);
      const fraction = weight * 2 ** PRECISION_BITS;
      const fixed = Math.trunc(weight < 0 ? fraction - 0.5 : fraction + 0.5);
      const at = i * pairs * 4 + (k >> 1) * 4 + (k & 1);
      weights[at] = fixed & (2 ** LOW_BITS - 1);
      weights[at + 2] = fixed >> LOW_BITS;
    }
    extents[i * 2] = start - first;
    extents[i * 2 + 1] = Math.ceil(count / 2);
    end = start + count;
  }
  return { from: first, to: end, extents, weights, stride: pairs * 8 };
}
