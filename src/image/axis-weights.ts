import { ServingError } from "../errors.ts";
import { FILTER_KERNELS } from "./filter-kernel.ts";
import type { Filter } from "./preprocess-spec.ts";
import type { Axis, AxisWeights } from "./resample-weights.ts";

/** 64 MiB of weights in fixed point, 128 MiB in float64. */
const MAX_WEIGHTS = 2 ** 24;

/** How weights are stored. */
interface WeightStore<Weights> {
  readonly allocate: (length: number) => Weights;
  /** From float64. */
  readonly round: (weight: number) => number;
}

/**
 * Returns the weights of one axis for the target pixels in its window; before they are rounded, those of a target
 * pixel add up to 1, and all are bit for bit what Pillow computes.
 *
 * @throws {ServingError} IMAGE_TOO_LARGE when a single edge is so long (2.7 million pixels and more) that its weights
 * would take more memory than the pixels.
 * @see python-pillow/Pillow `src/libImaging/Resample.c` precompute_coeffs
 */
export function axisWeights<Weights extends Int32Array | Float64Array>(
  axis: Axis,
  filter: Exclude<Filter, "nearest">,
  { allocate, round }: WeightStore<Weights>,
): AxisWeights<Weights> {
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
  const weights = allocate(axis.windowLength * stride);
  const exact = new Float64Array(stride);
  for (let i = 0; i < axis.windowLength; i++) {
    const center = from + (axis.windowStart + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - reach + 0.5));
    const count = Math.min(axis.sourceLength, Math.trunc(center + reach + 0.5)) - start;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const weight = weigh((k + start - center + 0.5) * inverse);
      exact[k] = weight;
      sum += weight;
    }
    for (let k = 0; k < count; k++) {
      weights[i * stride + k] = round((exact[k] as number) / (sum === 0 ? 1 : sum));
    }
    starts[i] = start;
    counts[i] = count;
  }
  return { starts, counts, weights, stride };
}
