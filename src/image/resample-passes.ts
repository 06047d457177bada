import { type HeldRaster, holdRoom } from "./held-raster.ts";
import type { Kernels } from "./kernels.ts";
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
  // The kernel writes a byte past each line.
  const target = holdRoom(kernels, { height, width, channels }, Math.ceil((width * channels + 1) / 16) * 16);
  const { run } = kernels;
  const pass = channels === 3 ? run.resampleColumns3 : run.resampleColumns1;
  const { extents, weights } = placeWeights(kernels, across);
  pass(held.at, held.line, target.at, target.line, height, width, extents, weights, across.stride);
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

function placeWeights(kernels: Kernels, axis: FixedWeights): { extents: number; weights: number } {
  return { extents: kernels.place(axis.extents), weights: kernels.place(axis.weights) };
}
