import { paddedSize } from "./padded-size.ts";
import type { Filter, Geometry, PreprocessSpec } from "./preprocess-spec.ts";
import { type Pixels, type Raster, type Size, zeroPixels } from "./raster.ts";
import type { ResampleOptions } from "./resample.ts";
import { shareBox } from "./share-box.ts";
import { cutBox, sourceBox } from "./source-box.ts";

/** Resizes pixels of one type, as `resample` does. */
type Resample<Data extends Pixels> = (
  raster: Raster<Data>,
  size: Size,
  filter: Filter,
  options?: Pick<ResampleOptions, "window">,
) => Raster<Data>;

/** The pixels of a row before they are normalised; around them it stays zero. */
export interface RowPixels<Data extends Pixels> {
  readonly pixels: Raster<Data>;
  /** Where their corner stands in the row. */
  readonly top: number;
  readonly left: number;
}

/**
 * Returns the pixels of a row: cut, resized, and filled up where the image is smaller than its crop. Only what the
 * centre crop keeps is resized, at the values that resizing all of it gives.
 */
export function rowPixels<Data extends Pixels>(
  raster: Raster<Data>,
  spec: PreprocessSpec,
  geometry: Geometry,
  resample: Resample<Data>,
): RowPixels<Data> {
  const { resize, centerCrop, padTo } = spec;
  const { resized, row } = geometry;
  if (resize?.kind === "crop" || resize?.kind === "pad" || resize?.kind === "share") {
    const cut =
      resize.kind === "share"
        ? cutBox(raster, shareBox(raster, resize.share))
        : cutBox(raster, sourceBox(raster, resize.size, resize.kind), resize.padMode);
    return { pixels: resample(cut, resize.size, resize.filter), top: 0, left: 0 };
  }
  const kept = padTo === undefined ? row : (centerCrop ?? resized);
  const { top, left } = paddedSize(kept, padTo);
  const corner = { top: geometry.top + top, left: geometry.left + left };
  const start = { top: Math.max(0, corner.top), left: Math.max(0, corner.left) };
  const window = {
    ...start,
    height: Math.min(resized.height, corner.top + kept.height) - start.top,
    width: Math.min(resized.width, corner.left + kept.width) - start.left,
  };
  const inner = resample(raster, resized, resize?.filter ?? "nearest", { window });
  const fill = resize?.kind === "letterbox" ? [resize.fill] : (spec.cropFill ?? [0]);
  const pixels = fillUp(inner, { ...kept, ...corner }, fill);
  const isMirrored = padTo !== undefined && "method" in padTo && padTo.method === "mirror";
  return { pixels: isMirrored ? mirrored(pixels, row) : pixels, top, left };
}

/** A colour around an image that is smaller than its crop: black before normalising, or the grey of a letterbox. */
function fillUp<Data extends Pixels>(
  pixels: Raster<Data>,
  { height, width, top, left }: Size & { readonly top: number; readonly left: number },
  fill: readonly number[],
): Raster<Data> {
  const { channels } = pixels;
  if (pixels.height === height && pixels.width === width) return pixels;
  const data = zeroPixels(pixels.data, height * width * channels);
  for (let i = 0; i < data.length; i++) data[i] = fill[(i % channels) % fill.length] as number;
  const stride = pixels.width * channels;
  for (let y = 0; y < pixels.height; y++) {
    const at = ((y + Math.max(0, -top)) * width + Math.max(0, -left)) * channels;
    data.set(pixels.data.subarray(y * stride, (y + 1) * stride), at);
  }
  return { height, width, channels, data };
}

/** The pixels as `numpy.pad(mode="symmetric")` continues them below and to the right. */
function mirrored<Data extends Pixels>(pixels: Raster<Data>, { height, width }: Size): Raster<Data> {
  const { channels, data: source } = pixels;
  const data = zeroPixels(source, height * width * channels);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const line = mirror(y, pixels.height) * pixels.width;
    for (let x = 0; x < width; x++, at += channels) {
      const from = (line + mirror(x, pixels.width)) * channels;
      for (let channel = 0; channel < channels; channel++)
        data[at + channel] = source[from + channel] as number;
    }
  }
  return { height, width, channels, data };
}

/** The edge itself is repeated: the pixel after the last is the last. */
function mirror(index: number, length: number): number {
  const within = index % (2 * length);
  return within < length ? within : 2 * length - 1 - within;
}
