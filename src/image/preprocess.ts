import { ServingError } from "../errors.ts";
import { allocate } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type PixelTable, pixelTables } from "./pixel-table.ts";
import { planGeometry } from "./plan-geometry.ts";
import type { Geometry, PreprocessSpec } from "./preprocess-spec.ts";
import type { Raster, Size } from "./raster.ts";
import { resample } from "./resample.ts";
import { type RowPixels, rowPixels } from "./row-pixels.ts";

/**
 * Returns one row of the model's input, and where its pixels came from.
 *
 * Shapes: `[h, w, channels]` → `[channels, height, width]`, or `[height, width, channels]` for layout HWC.
 *
 * @throws {ServingError} IMAGE_TOO_LARGE when a thin image would become a huge row; INTERNAL when the raster's
 * channels are not those of `spec.color`.
 */
export function preprocess(raster: Raster, spec: PreprocessSpec): { row: Tensor; geometry: Geometry } {
  const channels = spec.color === "L" ? 1 : 3;
  if (raster.channels !== channels || spec.mean.length !== channels || spec.std.length !== channels) {
    const got = `${raster.channels} channels, ${spec.mean.length} means, ${spec.std.length} deviations`;
    throw new ServingError(
      "INTERNAL",
      `expected ${channels} channels for ${spec.color}, got ${got}; this is a bug`,
    );
  }
  const geometry = planGeometry(raster, spec);
  const { shape, data } = emptyRow(spec, channels, geometry.row);
  write(data, rowPixels(raster, spec, geometry, resample), spec, geometry.row);
  return { row: { dtype: spec.dtype, shape, data }, geometry };
}

/** Returns the row's shape, and zeros for all of it. */
export function emptyRow(
  spec: PreprocessSpec,
  channels: number,
  { height, width }: Size,
): { shape: number[]; data: PixelTable } {
  const shape = spec.layout === "CHW" ? [channels, height, width] : [height, width, channels];
  return { shape, data: allocate(spec.dtype, height * width * channels) as PixelTable };
}

/** Places the normalised pixels in the row; what is beyond them stays zero. */
function write(
  data: PixelTable,
  { pixels, top, left }: RowPixels<Uint8Array>,
  spec: PreprocessSpec,
  row: Size,
): void {
  const { height, width, channels, data: source } = pixels;
  const tables = pixelTables(spec);
  const isPlanar = spec.layout === "CHW";
  const step = isPlanar ? 1 : channels;
  const plane = isPlanar ? row.height * row.width : 1;
  for (let channel = 0; channel < channels; channel++) {
    const table = tables[channel];
    if (table === undefined) return;
    // The row's first channel is the raster's, which is RGB, or for BGR its third.
    let from = spec.color === "BGR" ? 2 - channel : channel;
    for (let y = 0; y < height; y++) {
      let at = channel * plane + ((top + y) * row.width + left) * step;
      for (let x = 0; x < width; x++, from += channels, at += step) {
        data[at] = table[source[from] as number] as number;
      }
    }
  }
}
