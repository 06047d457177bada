import { ServingError } from "../errors.ts";
import { FILTER_KERNELS } from "./filter-kernel.ts";
import type { KernelFilter } from "./preprocess-spec.ts";

/** 128 MiB of weights. */
const MAX_WEIGHTS = 2 ** 24;

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

/** How each target pixel of one axis is made of source pixels. */
export interface AxisWeights {
  /** Target pixel i reads `counts[i]` source pixels from `starts[i]` on, weighed by `weights[i * stride + k]`. */
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** Those of a target pixel add up to 1. Zero past the count. */
  readonly weights: Float64Array;
  readonly stride: number;
}

/**
 * Returns the normalised weights of one axis for the target pixels in its window, bit for bit those of Pillow.
 *
 * @throws {ServingError} IMAGE_TOO_LARGE when a single edge is so long (2.7 million pixels and more) that its weights
 * would take more memory than the pixels.
 * @see python-pillow/Pillow `src/libImaging/Resample.c` precompute_coeffs
 */
export function axisWeights(axis: Axis, filter: KernelFilter): AxisWeights {
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
  const starts = new Int32Array(axis.windowLength);
  const counts = new Int32Array(axis.windowLength);
  const weights = new Float64Array(axis.windowLength * stride);
  for (let i = 0; i < axis.windowLength; i++) {
    const center = from + (axis.windowStart + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - reach + 0.5));
    const count = Math.min(axis.sourceLength, Math.trunc(center + reach + 0.5)) - start;
    const at = i * stride;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const weight = weigh((k + start - center + 0.5) * inverse);
      weights[at + k] = weight;
      sum += weight;
    }
    for (let k = 0; k < count; k++) weights[at + k] = (weights[at + k] as number) / (sum === 0 ? 1 : sum);
    starts[i] = start;
    counts[i] = count;
  }
  return { starts, counts, weights, stride };
}
