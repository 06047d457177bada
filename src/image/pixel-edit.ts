import type { Filter } from "./preprocess-spec.ts";
import type { Pixels, Raster, Size } from "./raster.ts";
import { resample } from "./resample.ts";

/** What is done with decoded pixels before a model's own preprocessing. */
export type PixelEdit =
  /** Whole pixels, inside the image. */
  | { readonly kind: "crop"; readonly box: PixelBox }
  | { readonly kind: "resize"; readonly size: Size; readonly filter: Filter };

/** Whole pixels of an image. */
export interface PixelBox extends Size {
  readonly top: number;
  readonly left: number;
}

/** Returns the pixels after all edits, in order; `Image.crop` and `Image.resize` of Pillow give the same. */
export function editPixels(raster: Raster, edits: readonly PixelEdit[]): Raster {
  return edits.reduce(
    (pixels, edit) =>
      edit.kind === "crop" ? cropPixels(pixels, edit.box) : resample(pixels, edit.size, edit.filter),
    raster,
  );
}

/** Returns the pixels of a box inside the image. Shapes: `[h, w, C]` → the box's. */
export function cropPixels<Data extends Pixels>(
  { width: fullWidth, channels, data: source }: Raster<Data>,
  { top, left, height, width }: PixelBox,
): Raster<Data> {
  const length = width * channels;
  const data = (
    source instanceof Float32Array ? new Float32Array(height * length) : new Uint8Array(height * length)
  ) as Data;
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * fullWidth + left) * channels;
    data.set(source.subarray(from, from + length), y * length);
  }
  return { height, width, channels, data };
}
