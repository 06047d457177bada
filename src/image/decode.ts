import { ServingError } from "../errors.ts";
import { decodeBaselineJpeg } from "./decode-baseline-jpeg.ts";
import { decodeBmp } from "./decode-bmp.ts";
import { decodeWithSharp } from "./decode-with-sharp.ts";
import { type ImageFormat, identifyImage } from "./identify.ts";
import type { Raster } from "./raster.ts";
import { checkPixelCount, FORMAT_NAMES, readHeader } from "./read-header.ts";
import { toGrey } from "./to-grey.ts";

export interface DecodeOptions {
  /** What the pixels are converted to. */
  readonly color: "RGB" | "L";
  /** Bound of height * width, checked from the header before anything is allocated. */
  readonly maxImagePixels: number;
}

/**
 * Returns the pixels of an encoded image, equal to Pillow's `Image.open(f).convert(color)`: profiles ignored, EXIF
 * orientation not applied, alpha dropped, the first frame or page.
 *
 * Shapes: `[height, width, 3]` for "RGB", `[height, width, 1]` for "L".
 *
 * @throws {ServingError} INVALID_IMAGE when the bytes are no image, or one cut off or corrupt; UNSUPPORTED_FORMAT
 * when they are an image of a kind that is not decoded; IMAGE_TOO_LARGE above `maxImagePixels`.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<Raster> {
  const found = identifyImage(bytes);
  if (found.kind === "other") {
    const expected = `expected ${Object.values(FORMAT_NAMES).join(", ")}`;
    if (found.isImage) throw new ServingError("UNSUPPORTED_FORMAT", `${expected}, got ${found.looksLike}`);
    throw new ServingError("INVALID_IMAGE", `expected an image, got ${describeOther(found.looksLike)}`);
  }
  const size = readHeader(bytes, found.format, options.maxImagePixels);
  const raster = await decodeFormat(bytes, found.format, options.maxImagePixels);
  if (raster.height !== size.height || raster.width !== size.width) {
    // A header that said less than the decoder found (a WebP frame, a second frame header) has passed the gate.
    checkPixelCount(raster, options.maxImagePixels);
  }
  return options.color === "L" ? toGrey(raster) : raster;
}

async function decodeFormat(bytes: Uint8Array, format: ImageFormat, maxImagePixels: number): Promise<Raster> {
  if (format === "bmp") return decodeBmp(bytes);
  const usual = format === "jpeg" ? decodeBaselineJpeg(bytes) : undefined;
  return usual ?? decodeWithSharp(bytes, format, maxImagePixels);
}

function describeOther(looksLike: string): string {
  return looksLike === "empty" ? "an empty one (0 bytes)" : looksLike;
}
