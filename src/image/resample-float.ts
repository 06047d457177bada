import { ServingError } from "../errors.ts";
import { type Axis, type AxisWeights, axisWeights } from "./axis-weights.ts";
import type { Filter, KernelFilter } from "./preprocess-spec.ts";
import type { Raster, Size } from "./raster.ts";
import type { ResampleOptions, Window } from "./resample.ts";
import { resampleNearest } from "./resample-nearest.ts";

type Band = Raster<Float32Array>;

/**
 * Returns a band of floats resized to `size`, number for number as Pillow's `Image.resize(size, filter)` of mode "F",
 * cut to `options.window`: sums in float64, stored as float32 after each pass. Where nothing is to be done it returns
 * `band` itself.
 *
 * Shapes: `[h, w, 1]` → `[size.height, size.width, 1]`, or the window's.
 *
 * @throws {ServingError} INVALID_ARGUMENT for `cv2_linear`, which is one of 8-bit levels.
 * @see python-pillow/Pillow `src/PIL/Image.py` Image.resize, `src/libImaging/Resample.c`
 * ImagingResampleHorizontal_32bpc, ImagingResampleVertical_32bpc
 */
export function resampleFloat(
  band: Band,
  size: Size,
  filter: Filter,
  options: Pick<ResampleOptions, "window"> = {},
): Band {
  const window: Window = options.window ?? { top: 0, left: 0, ...size };
  const across = wholeAxis(band.width, size.width, window.left, window.width);
  const down = wholeAxis(band.height, size.height, window.top, window.height);
  if (isKept(across) && isKept(down)) return cut(band, window);
  if (filter === "nearest") return resampleNearest(band, across, down);
  if (filter === "cv2_linear") {
    throw new ServingError(
      "INVALID_ARGUMENT",
      "expected an array of uint8, which the model's filter cv2_linear takes, got another type",
    );
  }
  if (band.height > band.width * 100 && size.height < band.height) {
    // Pillow shrinks the height of very tall images first.
    return resampleAcross(resampleDown(band, down, filter), across, filter);
  }
  return resampleDown(resampleAcross(band, across, filter), down, filter);
}

function wholeAxis(sourceLength: number, targetLength: number, windowStart: number, count: number): Axis {
  return { sourceLength, from: 0, to: sourceLength, targetLength, windowStart, windowLength: count };
}

/** An axis that keeps its size is not resampled: at most its window is cut. */
function isKept({ sourceLength, targetLength }: Axis): boolean {
  return sourceLength === targetLength;
}

function resampleAcross(band: Band, across: Axis, filter: KernelFilter): Band {
  if (isKept(across)) {
    const { windowStart: left, windowLength: width } = across;
    return cut(band, { top: 0, left, height: band.height, width });
  }
  const weights = axisWeights(across, filter);
  const [height, width] = [band.height, across.windowLength];
  const data = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    sumColumns(data.subarray(y * width), band.data.subarray(y * band.width), weights);
  }
  return { height, width, channels: 1, data };
}

function sumColumns(target: Float32Array, source: Float32Array, across: AxisWeights): void {
  const { starts, counts, weights, stride } = across;
  for (let x = 0; x < starts.length; x++) {
    const start = starts[x] as number;
    const count = counts[x] as number;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      sum += (source[start + k] as number) * (weights[x * stride + k] as number);
    }
    target[x] = sum;
  }
}

function resampleDown(band: Band, down: Axis, filter: KernelFilter): Band {
  if (isKept(down)) {
    const { windowStart: top, windowLength: height } = down;
    return cut(band, { top, left: 0, height, width: band.width });
  }
  const { starts, counts, weights, stride } = axisWeights(down, filter);
  const [height, width] = [down.windowLength, band.width];
  const data = new Float32Array(height * width);
  // One line of sums, so that memory is read along lines; each sum grows in Pillow's order.
  const sums = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    const count = counts[y] as number;
    for (let k = 0; k < count; k++) {
      const line = ((starts[y] as number) + k) * width;
      const weight = weights[y * stride + k] as number;
      for (let x = 0; x < width; x++) {
        sums[x] = (sums[x] as number) + (band.data[line + x] as number) * weight;
      }
    }
    data.set(sums, y * width);
  }
  return { height, width, channels: 1, data };
}

function cut(band: Band, { top, left, height, width }: Window): Band {
  // Whole rows need no copy.
  if (width === band.width) {
    return { height, width, channels: 1, data: band.data.subarray(top * width, (top + height) * width) };
  }
  const data = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const from = (top + y) * band.width + left;
    data.set(band.data.subarray(from, from + width), y * width);
  }
  return { height, width, channels: 1, data };
}
