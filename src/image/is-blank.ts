import sharp from "sharp";
import { decodeImage } from "./decode.ts";
import { identifyImage } from "./identify.ts";

/**
 * Whether an image shows nothing: all of its pixels are of one colour, or transparent. False for what can't be decoded,
 * of which there is more to say than that.
 */
export async function isBlank(bytes: Uint8Array, maxImagePixels: number): Promise<boolean> {
  try {
    const { data } = await decodeImage(bytes, { color: "RGB", maxImagePixels });
    return isOneColor(data) || (await isTransparent(bytes, maxImagePixels));
  } catch {
    return false;
  }
}

function isOneColor(rgb: Uint8Array): boolean {
  const [red, green, blue] = rgb;
  for (let i = 0; i < rgb.length; i += 3) {
    if (rgb[i] !== red || rgb[i + 1] !== green || rgb[i + 2] !== blue) return false;
  }
  return true;
}

/** Of the formats of tiles, these have an alpha channel. */
async function isTransparent(bytes: Uint8Array, maxImagePixels: number): Promise<boolean> {
  const found = identifyImage(bytes);
  if (found.kind !== "image" || (found.format !== "png" && found.format !== "webp")) return false;
  const image = sharp(bytes, { limitInputPixels: maxImagePixels });
  if (!(await image.metadata()).hasAlpha) return false;
  const alpha = await image.extractChannel("alpha").raw({ depth: "uchar" }).toBuffer();
  return alpha.every((level) => level === 0);
}
