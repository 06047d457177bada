import type { Axis } from "./axis-weights.ts";
import { type Pixels, type Raster, zeroPixels } from "./raster.ts";

/**
 * Returns `raster` resized by picking, for every target pixel, the source pixel under its centre.
 *
 * Shapes: `[h, w, channels]` → `[down.windowLength, across.windowLength, channels]`.
 *
 * @see python-pillow/Pillow `src/libImaging/Geometry.c` ImagingScaleAffine
 */
export function resampleNearest<Data extends Pixels>(
  raster: Raster<Data>,
  across: Axis,
  down: Axis,
): Raster<Data> {
  const { channels, data } = raster;
  const columns = positions(across);
  const rows = positions(down);
  const picked = zeroPixels(data, rows.length * columns.length * channels);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const source = (row * raster.width + column) * channels;
      for (let channel = 0; channel < channels; channel++, at++) {
        if (row >= 0 && column >= 0) picked[at] = data[source + channel] as number;
      }
    }
  }
  return { height: rows.length, width: columns.length, channels, data: picked };
}

/** Source index of each target pixel; -1, a zero pixel, where the sum of steps left the source. */
function positions(axis: Axis): Int32Array {
  const from = Math.fround(axis.from);
  const step = Math.fround(Math.fround(axis.to) - from) / axis.targetLength;
  const indices = new Int32Array(axis.windowLength);
  let position = from + step * 0.5;
  // Summed step by step as Pillow does: a product would round differently at ties.
  for (let i = 0; i < axis.windowStart; i++) position += step;
  for (let i = 0; i < axis.windowLength; i++, position += step) {
    const index = Math.trunc(position);
    indices[i] = position >= 0 && index < axis.sourceLength ? index : -1;
  }
  return indices;
}
