import { type Box, crop, type HeldRaster, hold, holdAgain, holdRoom } from "./held-raster.ts";
import type { Kernels } from "./kernels.ts";
import type { Raster } from "./raster.ts";
import type { FixedWeights } from "./resample-weights.ts";

/**
 * Returns pixels with their width resampled, every sum rounded and cut to 0..255. Their first column is `across.from`
 * of the image that `across` speaks of.
 *
 * Shapes: `[h, w, channels]` → `[h, targets, channels]`.
 */
export function resampleColumns(kernels: Kernels, held: HeldRaster, across: FixedWeights): HeldRaster {
  const { height, channels } = held;
  const width = across.extents.length / 2;
  const target = holdRoom(kernels, { height, width, channels }, roomyLine(width * channels));
  const { run } = kernels;
  const pass = channels === 3 ? run.resampleColumns3 : run.resampleColumns1;
  const { extents, weights } = placeWeights(kernels, across);
  pass(held.at, held.line, target.at, target.line, height, width, extents, weights, across.stride);
  return target;
}

/** Of lines that are copied in at a time. */
const PART_BYTES = 2 ** 22;

/**
 * Returns what {@link resampleColumns} returns of a part of a raster, without all of it in the kernels' memory at once:
 * a large image would stand in memory twice.
 */
export function resampleColumnsInParts(
  kernels: Kernels,
  raster: Raster,
  box: Box,
  across: FixedWeights,
): HeldRaster {
  const { top, left, height, width } = box;
  const { channels } = raster;
  // The kernel takes four lines at a time.
  const partLines = Math.max(4, Math.floor(PART_BYTES / (raster.width * channels * 4)) * 4);
  const part = hold(kernels, raster, top, Math.min(height, partLines));
  if (height <= partLines) {
    return resampleColumns(kernels, crop(part, { top: 0, left, height, width }), across);
  }
  const columns = across.extents.length / 2;
  const target = holdRoom(kernels, { height, width: columns, channels }, roomyLine(columns * channels));
  const { extents, weights } = placeWeights(kernels, across);
  const pass = channels === 3 ? kernels.run.resampleColumns3 : kernels.run.resampleColumns1;
  for (let done = 0; done < height; done += partLines) {
    const lines = Math.min(partLines, height - done);
    if (done > 0) holdAgain(kernels, part, raster, top + done, lines);
    const from = part.at + left * channels;
    const to = target.at + done * target.line;
    pass(from, part.line, to, target.line, lines, columns, extents, weights, across.stride);
  }
  return target;
}

/**
 * Returns pixels with their height resampled. Their first line is `down.from` of the image that `down` speaks of.
 *
 * Shapes: `[h, w, channels]` → `[targets, w, channels]`.
 */
export function resampleRows(kernels: Kernels, held: HeldRaster, down: FixedWeights): HeldRaster {
  const { width, channels } = held;
  const height = down.extents.length / 2;
  const target = holdRoom(kernels, { height, width, channels });
  const { extents, weights } = placeWeights(kernels, down);
  const bytes = width * channels;
  const { at, line } = target;
  kernels.run.resampleRows(held.at, held.line, at, line, height, bytes, extents, weights, down.stride);
  return target;
}

/** The kernel writes a byte past each line. */
function roomyLine(bytes: number): number {
  return Math.ceil((bytes + 1) / 16) * 16;
}

function placeWeights(kernels: Kernels, axis: FixedWeights): { extents: number; weights: number } {
  return { extents: kernels.place(axis.extents), weights: kernels.place(axis.weights) };
}
