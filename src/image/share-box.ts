import type { Size } from "./raster.ts";
import type { SourceBox } from "./source-box.ts";

/**
 * Returns the centre of the source whose edges are these shares, at most 1, of its shorter edge. Units: pixels.
 *
 * @see huggingface/transformers `models/perceiver/image_processing_perceiver.py` center_crop
 */
export function shareBox(source: Size, share: Size): SourceBox {
  const shorter = Math.min(source.height, source.width);
  const height = Math.max(1, Math.trunc(share.height * shorter));
  const width = Math.max(1, Math.trunc(share.width * shorter));
  const top = Math.floor((source.height - height) / 2);
  const left = Math.floor((source.width - width) / 2);
  return { top, left, height, width };
}
