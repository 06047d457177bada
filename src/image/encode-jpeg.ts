import sharp from "sharp";
import type { Size } from "./raster.ts";

/**
 * Returns pixels as a JPEG, at the quality that tile servers use.
 *
 * Shapes: `[height, width, 3]`.
 */
export function encodeJpeg(pixels: Uint8Array, { height, width }: Size): Promise<Buffer> {
  const raw = { height, width, channels: 3 } as const;
  return sharp(pixels, { raw }).jpeg({ quality: 87, chromaSubsampling: "4:2:0" }).toBuffer();
}
