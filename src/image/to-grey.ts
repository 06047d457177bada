import type { Raster } from "./raster.ts";

/**
 * Returns the luminance of an RGB raster as Pillow's `convert("L")` rounds it. A grey pixel keeps its value: the
 * three weights add up to 65536.
 *
 * Shapes: `[h, w, 3]` → `[h, w, 1]`.
 *
 * @see python-pillow/Pillow `src/libImaging/Convert.c` L24; ITU-R BT.601 in 16-bit fixed point
 */
export function toGrey(raster: Raster): Raster {
  const { height, width, data } = raster;
  const grey = new Uint8Array(height * width);
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) {
    const red = data[at] as number;
    const green = data[at + 1] as number;
    const blue = data[at + 2] as number;
    grey[i] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
  }
  return { height, width, channels: 1, data: grey };
}
