import { ServingError } from "../errors.ts";
import type { Filter, KernelFilter } from "./preprocess-spec.ts";
import type { Raster, Size } from "./raster.ts";
import { resampleCv2Linear } from "./resample-cv2-linear.ts";
import { resampleNearest } from "./resample-nearest.ts";
import { resampleColumns, resampleRows } from "./resample-passes.ts";
import { type Axis, resampleWeights } from "./resample-weights.ts";

/** A rectangle of the source, in pixels; edges may lie between pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The wanted part of the resized image, in whole pixels, inside it. */
export interface Window extends Size {
  readonly top: number;
  readonly left: number;
}

export interface ResampleOptions {
  /** Part of the source that is resized; @default all of it. */
  readonly box?: Box;
  /** Part of the result that is computed, for a centre crop; @default all of it. Pixels are those of the whole. */
  readonly window?: Window;
}

/**
 * Returns `raster` resized to `size`, pixel for pixel as Pillow's `Image.resize(size, filter, box)`, cut to
 * `options.window`; with `cv2_linear` as OpenCV's `cv2.resize`, which takes no box. Where nothing is to be done it
 * returns `raster` itself.
 *
 * Shapes: `[h, w, channels]` → `[size.height, size.width, channels]`, or the window's.
 *
 * @throws {ServingError} INTERNAL when a size is not positive or the box or window lies outside.
 * @see python-pillow/Pillow `src/PIL/Image.py` Image.resize, `src/libImaging/Resample.c`
 */
export function resample(raster: Raster, size: Size, filter: Filter, options: ResampleOptions = {}): Raster {
  const box = options.box ?? { left: 0, top: 0, right: raster.width, bottom: raster.height };
  const window = options.window ?? { top: 0, left: 0, ...size };
  const across = axis(raster.width, [box.left, box.right], size.width, [window.left, window.width]);
  const down = axis(raster.height, [box.top, box.bottom], size.height, [window.top, window.height]);
  if (isIdentity(across) && isIdentity(down)) {
    return crop(raster, window.left, window.top, window.width, window.height);
  }
  if (filter === "nearest") return resampleNearest(raster, across, down);
  if (filter === "cv2_linear") return resampleCv2Linear(raster, across, down);
  if (raster.height > raster.width * 100 && size.height < raster.height) {
    // Pillow shrinks the height of very tall images first; with rounding to 8 bits between the passes it shows.
    return resampleAcross(resampleDown(raster, down, filter), across, filter);
  }
  // Only the rows that the second pass reads are made by the first.
  const rows = rowsRead(down, filter);
  const narrowed = resampleAcross(crop(raster, 0, rows.start, raster.width, rows.count), across, filter);
  return resampleDown(narrowed, down, filter, rows.start);
}

function axis(
  length: number,
  [from, to]: [number, number],
  target: number,
  [start, count]: [number, number],
): Axis {
  const axis = {
    sourceLength: length,
    from,
    to,
    targetLength: target,
    windowStart: start,
    windowLength: count,
  };
  const windowed = Number.isInteger(start) && Number.isInteger(count) && start >= 0 && count > 0;
  if (
    from < 0 ||
    to > length ||
    !(from < to) ||
    !Number.isInteger(target) ||
    !windowed ||
    start + count > target
  ) {
    throw new ServingError("INTERNAL", `cannot resample ${JSON.stringify(axis)}; this is a bug`);
  }
  return axis;
}

/** An axis that keeps its size is not resampled: at most its window is cut. Pillow decides each axis by itself. */
function isIdentity(axis: Axis): boolean {
  return axis.from === 0 && axis.to === axis.sourceLength && axis.targetLength === axis.sourceLength;
}

/** The source rows that an axis reads for its window. */
function rowsRead(down: Axis, filter: KernelFilter): { start: number; count: number } {
  if (isIdentity(down)) return { start: down.windowStart, count: down.windowLength };
  const { starts, counts } = resampleWeights(down, filter);
  const start = starts[0] ?? 0;
  return { start, count: (starts.at(-1) ?? 0) + (counts.at(-1) ?? 0) - start };
}

function resampleAcross(raster: Raster, across: Axis, filter: KernelFilter): Raster {
  if (isIdentity(across)) return crop(raster, across.windowStart, 0, across.windowLength, raster.height);
  return resampleColumns(raster, resampleWeights(across, filter));
}

function resampleDown(raster: Raster, down: Axis, filter: KernelFilter, firstRow = 0): Raster {
  if (isIdentity(down)) return crop(raster, 0, down.windowStart - firstRow, raster.width, down.windowLength);
  return resampleRows(raster, resampleWeights(down, filter), firstRow);
}

function crop(raster: Raster, left: number, top: number, width: number, height: number): Raster {
  const { channels } = raster;
  const [from, to] = [left * channels, (left + width) * channels];
  const stride = raster.width * channels;
  if (width === raster.width) {
    if (height === raster.height) return raster;
    // Whole rows need no copy.
    return { height, width, channels, data: raster.data.subarray(top * stride, (top + height) * stride) };
  }
  const data = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const row = (top + y) * stride;
    data.set(raster.data.subarray(row + from, row + to), y * width * channels);
  }
  return { height, width, channels, data };
}
