import { type Axis, axisWeights } from "./axis-weights.ts";
import { FILTER_KERNELS } from "./filter-kernel.ts";
import type { KernelFilter } from "./preprocess-spec.ts";
import { remember } from "./remember.ts";

/** Bits of fraction of a weight: 32 less 8 for the pixel and 2 for sums outside 0..1. */
const PRECISION_BITS = 22;

/** Bits of the lower half of a weight: the halves are multiplied as signed 16-bit numbers. */
const LOW_BITS = 15;

/** At most 128 KiB of weights are kept for an axis, for the two axes of 32 sizes. */
const MAX_KEPT_WEIGHTS = 2 ** 15;
const KEPT_AXES = 64;

/** How each target pixel of one axis is made of source pixels, as the kernels read it. */
export interface FixedWeights {
  /** The source pixels that are read, from `from` up to `to`. */
  readonly from: number;
  readonly to: number;
  /** For each target pixel, the first source pixel that it reads, less `from`, and the number of pairs of them. */
  readonly extents: Int32Array;
  /** For each target pixel `stride` bytes: pairs of weights, the low halves of both, then their high halves. */
  readonly weights: Int16Array;
  readonly stride: number;
}

/**
 * Returns the weights of one axis in fixed point, bit for bit those of Pillow.
 *
 * @throws {ServingError} IMAGE_TOO_LARGE as `axisWeights` says.
 * @see python-pillow/Pillow `src/libImaging/Resample.c` normalize_coeffs_8bpc
 */
export function resampleWeights(axis: Axis, filter: KernelFilter): FixedWeights {
  const shrink = Math.max((axis.to - axis.from) / axis.targetLength, 1);
  const taps = 2 * FILTER_KERNELS[filter].support * shrink + 1;
  return axis.windowLength * taps > MAX_KEPT_WEIGHTS ? makeWeights(axis, filter) : keptWeights(axis, filter);
}

const keptWeights = remember(
  makeWeights,
  (axis, filter) => [filter, ...Object.values(axis)].join(" "),
  KEPT_AXES,
);

function makeWeights(axis: Axis, filter: KernelFilter): FixedWeights {
  const { starts, counts, weights: exact, stride } = axisWeights(axis, filter);
  const targets = starts.length;
  const from = starts[0] ?? 0;
  const to = (starts[targets - 1] ?? 0) + (counts[targets - 1] ?? 0);
  const pairs = Math.ceil(stride / 2);
  const extents = new Int32Array(targets * 2);
  const weights = new Int16Array(targets * pairs * 4);
  for (let i = 0; i < targets; i++) {
    const count = counts[i] as number;
    extents[i * 2] = (starts[i] as number) - from;
    extents[i * 2 + 1] = Math.ceil(count / 2);
    for (let k = 0; k < count; k++) {
      const fixed = toFixedPoint(exact[i * stride + k] as number);
      const at = i * pairs * 4 + (k >> 1) * 4 + (k & 1);
      weights[at] = fixed & (2 ** LOW_BITS - 1);
      weights[at + 2] = fixed >> LOW_BITS;
    }
  }
  return { from, to, extents, weights, stride: pairs * 8 };
}

function toFixedPoint(weight: number): number {
  const fixed = weight * 2 ** PRECISION_BITS;
  return Math.trunc(weight < 0 ? fixed - 0.5 : fixed + 0.5);
}
