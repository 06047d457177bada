import { ServingError } from "../errors.ts";
import { allocate } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type PixelTable, pixelTables } from "./pixel-table.ts";
import { planGeometry } from "./plan-geometry.ts";
import type { Geometry, PreprocessSpec } from "./preprocess-spec.ts";
import type { Raster, Size } from "./raster.ts";
import { resample } from "./resample.ts";
import { cutBox, sourceBox } from "./source-box.ts";

/**
 * Returns one row of the model's input, and where its pixels came from. Only the pixels that the centre crop keeps
 * are resized, at the values that resizing all of them gives.
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
  const { row } = geometry;
  const { shape, data } = emptyRow(spec, channels, row);
  write(data, rowPixels(raster, spec, geometry), spec, row);
  return { row: { dtype: spec.dtype, shape, data }, geometry };
}

function emptyRow(
  spec: PreprocessSpec,
  channels: number,
  { height, width }: Size,
): { shape: number[]; data: PixelTable } {
  const shape = spec.layout === "CHW" ? [channels, height, width] : [height, width, channels];
  return { shape, data: allocate(spec.dtype, height * width * channels) as PixelTable };
}

/** The pixels of the row before they are normalised; `padTo` is left to what follows. */
function rowPixels(raster: Raster, spec: PreprocessSpec, geometry: Geometry): Raster {
  const { resize } = spec;
  const { resized, row } = geometry;
  if (resize?.kind === "crop" || resize?.kind === "pad") {
    const box = sourceBox(raster, resize.size, resize.kind);
    return resample(cutBox(raster, box, resize.padMode), resize.size, resize.filter);
  }
  const kept = spec.padTo === undefined ? row : (spec.centerCrop ?? resized);
  const top = Math.max(0, geometry.top);
  const left = Math.max(0, geometry.left);
  const window = {
    top,
    left,
    height: Math.min(resized.height, geometry.top + kept.height) - top,
    width: Math.min(resized.width, geometry.left + kept.width) - left,
  };
  const pixels = resample(raster, resized, spec.resize?.filter ?? "nearest", { window });
  return pad(pixels, { ...geometry, row: kept }, resize?.kind === "letterbox" ? resize.fill : 0);
}

/** One value around an image that is smaller than its crop: black before normalising, or the grey of a letterbox. */
function pad(pixels: Raster, { top, left, row }: Geometry, fill: number): Raster {
  const { channels } = pixels;
  if (pixels.height === row.height && pixels.width === row.width) return pixels;
  const data = new Uint8Array(row.height * row.width * channels).fill(fill);
  const stride = pixels.width * channels;
  for (let y = 0; y < pixels.height; y++) {
    const at = ((y + Math.max(0, -top)) * row.width + Math.max(0, -left)) * channels;
    data.set(pixels.data.subarray(y * stride, (y + 1) * stride), at);
  }
  return { height: row.height, width: row.width, channels, data };
}

/** Places the normalised pixels at the top left of the row; what is beyond them stays zero. */
function write(
  data: PixelTable,
  { height, width, channels, data: source }: Raster,
  spec: PreprocessSpec,
  row: Size,
): void {
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
      let at = channel * plane + y * row.width * step;
      for (let x = 0; x < width; x++, from += channels, at += step) {
        data[at] = table[source[from] as number] as number;
      }
    }
  }
}
