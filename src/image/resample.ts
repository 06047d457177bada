import { ServingError } from "../errors.ts";
import type { Axis } from "./axis-weights.ts";
import { crop, type HeldRaster, hold, release } from "./held-raster.ts";
import { type Kernels, withKernels } from "./kernels.ts";
import type { Filter, KernelFilter } from "./preprocess-spec.ts";
import type { Raster, Size } from "./raster.ts";
import { resampleCv2Linear } from "./resample-cv2-linear.ts";
import { resampleNearest } from "./resample-nearest.ts";
import { resampleColumns, resampleColumnsInParts, resampleRows } from "./resample-passes.ts";
import { resampleWeights } from "./resample-weights.ts";

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
  if (isWhole(across) && isWhole(down)) return raster;
  if (filter === "nearest") return resampleNearest(raster, across, down);
  if (filter === "cv2_linear") return resampleCv2Linear(raster, across, down);
  return withKernels((kernels) => release(kernels, resampleHeld(kernels, raster, { across, down, filter })));
}

interface Axes {
  readonly across: Axis;
  readonly down: Axis;
  readonly filter: KernelFilter;
}

function resampleHeld(kernels: Kernels, raster: Raster, { across, down, filter }: Axes): HeldRaster {
  const columns = isIdentity(across) ? undefined : resampleWeights(across, filter);
  const rows = isIdentity(down) ? undefined : resampleWeights(down, filter);
  // Only what the passes read is in work.
  const top = rows?.from ?? down.windowStart;
  const left = columns?.from ?? across.windowStart;
  const height = (rows?.to ?? top + down.windowLength) - top;
  const width = (columns?.to ?? left + across.windowLength) - left;
  const flatten = (from: HeldRaster) => (rows === undefined ? from : resampleRows(kernels, from, rows));
  // Pillow shrinks the height of very tall images first; with rounding to 8 bits between the passes it shows.
  const isTall = raster.height > raster.width * 100 && down.targetLength < raster.height;
  if (columns !== undefined && !isTall)
    return flatten(resampleColumnsInParts(kernels, raster, { top, left, height, width }, columns));
  const held = flatten(crop(hold(kernels, raster, top, height), { top: 0, left, height, width }));
  return columns === undefined ? held : resampleColumns(kernels, held, columns);
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

/** Nothing is to be done along this axis. */
function isWhole(axis: Axis): boolean {
  return isIdentity(axis) && axis.windowLength === axis.targetLength;
}

/** An axis that keeps its size is not resampled: at most its window is cut. Pillow decides each axis by itself. */
function isIdentity(axis: Axis): boolean {
  return axis.from === 0 && axis.to === axis.sourceLength && axis.targetLength === axis.sourceLength;
}
