import { ServingError } from "../errors.ts";
import { FILTER_KERNELS } from "./filter-kernel.ts";
import type { Filter } from "./preprocess-spec.ts";
import type { Axis, AxisWeights } from "./resample-weights.ts";

/** 64 Mi bytes of weights in fixed point. */
const MAX_WEIGHTS = 2 ** 24;

/**
 * Returns the weights of one axis for the target pixels in its window, as Pillow computes them in float64: those of a
 * target pixel add up to 1.
 *
 * @throws {ServingError} IMAGE_TOO_LARGE when a single edge is so long that its weights would take more memory than
 * the pixels.
 * @see python-pillow/Pillow `src/libImaging/Resample.c` precompute_coeffs
 */
export function exactWeights(axis: Axis, filter: Exclude<Filter, "nearest">): AxisWeights<Float64Array> {
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
    const own = weights.subarray(i * stride, i * stride + count);
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const weight = weigh((k + start - center + 0.5) * inverse);
      own[k] = weight;
      sum += weight;
    }
    for (let k = 0; k < count; k++) own[k] = (own[k] as number) / (sum === 0 ? 1 : sum);
    starts[i] = start;
    counts[i] = count;
  }
  return { starts, counts, weights, stride };
}
