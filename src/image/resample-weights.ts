import { axisWeights } from "./axis-weights.ts";
import { FILTER_KERNELS } from "./filter-kernel.ts";
import type { Filter } from "./preprocess-spec.ts";
import { remember } from "./remember.ts";

/** Bits of fraction of a weight: 32 less 8 for the pixel and 2 for sums outside 0..1. */
export const PRECISION_BITS = 22;

/** At most 128 KiB of weights are kept for an axis, for the two axes of 32 sizes. */
const MAX_KEPT_WEIGHTS = 2 ** 15;
const KEPT_AXES = 64;

/** How each target pixel of one axis is made of source pixels. */
export interface AxisWeights<Weights = Int32Array> {
  /** Target pixel i reads `counts[i]` source pixels from `starts[i]` on, weighed by `weights[i * stride + k]`. */
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** Integers are fixed point with {@link PRECISION_BITS} bits of fraction; zero past the count. */
  readonly weights: Weights;
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
 * @see python-pillow/Pillow `src/libImaging/Resample.c` normalize_coeffs_8bpc
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
  return axisWeights(axis, filter, { allocate: (length) => new Int32Array(length), round: toFixedPoint });
}

function toFixedPoint(weight: number): number {
  const fixed = weight * 2 ** PRECISION_BITS;
  return Math.trunc(weight < 0 ? fixed - 0.5 : fixed + 0.5);
}
