import type { PreprocessSpec } from "./preprocess-spec.ts";
import type { Size } from "./raster.ts";

/** The size of a padded row, and how many of its pixels come before the image. */
export interface Padded extends Size {
  readonly top: number;
  readonly left: number;
}

/**
 * Returns the size that an image of size `kept` is padded to. Units: pixels. It may be smaller than `kept` where
 * `padTo` is a size: the caller refuses that.
 *
 * @see huggingface/transformers `models/dpt/image_processing_dpt.py` pad_image,
 * `models/swin2sr/image_processing_swin2sr.py` pad
 */
export function paddedSize({ height, width }: Size, padTo: PreprocessSpec["padTo"]): Padded {
  if (padTo === undefined) return { height, width, top: 0, left: 0 };
  if ("height" in padTo) return { height: padTo.height, width: padTo.width, top: 0, left: 0 };
  const { multipleOf, method } = padTo;
  const edge = (length: number) =>
    (method === "mirror" ? Math.floor(length / multipleOf) + 1 : Math.ceil(length / multipleOf)) * multipleOf;
  const before = (length: number) => (method === "around" ? Math.floor((edge(length) - length) / 2) : 0);
  return { height: edge(height), width: edge(width), top: before(height), left: before(width) };
}
