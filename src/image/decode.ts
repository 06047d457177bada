import { ServingError } from "../errors.ts";
import { checkPngChunks } from "./check-png-chunks.ts";
import { type AllocateBytes, decodeBaselineJpeg } from "./decode-baseline-jpeg.ts";
import { decodeBmp } from "./decode-bmp.ts";
import { decodeGif } from "./decode-gif.ts";
import { decodeWithSharp } from "./decode-with-sharp.ts";
import { firstTiffPage } from "./first-tiff-page.ts";
import { firstWebpFrame } from "./first-webp-frame.ts";
import { type ImageFormat, identifyImage } from "./identify.ts";
import type { Raster } from "./raster.ts";
import { checkPixelCount, FORMAT_NAMES, readHeader } from "./read-header.ts";
import { toGrey } from "./to-grey.ts";

export interface DecodeOptions {
  /** What the pixels are converted to. */
  readonly color: "RGB" | "L";
  /** Bound of height * width, checked from the header before anything is allocated. */
  readonly maxImagePixels: number;
  /**
   * Gives bytes of any content, which the caller may use again when it is done with the pixels.
   *
   * @default memory of the pixels' own
   */
  readonly allocate?: AllocateBytes;
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
  const raster = await decodeFormat(bytes, found.format, options);
  if (raster.height !== size.height || raster.width !== size.width) {
    // A header that said less than the decoder found (a WebP frame, a second frame header) has passed the gate.
    checkPixelCount(raster, options.maxImagePixels);
    const got = `got a ${FORMAT_NAMES[found.format]} whose header says another size`;
    throw new ServingError("INVALID_IMAGE", `expected an image, ${got}`);
  }
  return options.color === "L" ? toGrey(raster) : raster;
}

async function decodeFormat(
  bytes: Uint8Array,
  format: ImageFormat,
  { maxImagePixels, allocate }: DecodeOptions,
): Promise<Raster> {
  if (format === "bmp") return decodeBmp(bytes);
  if (format === "gif") return decodeGif(bytes);
  if (format === "png") checkPngChunks(bytes);
  if (format === "webp") return decodeWithSharp(firstWebpFrame(bytes), format, maxImagePixels);
  if (format === "tiff") return decodeWithSharp(firstTiffPage(bytes), format, maxImagePixels);
  const usual = format === "jpeg" ? decodeBaselineJpeg(bytes, allocate) : undefined;
  return usual ?? decodeWithSharp(bytes, format, maxImagePixels);
}

function describeOther(looksLike: string): string {
  return looksLike === "empty" ? "an empty one (0 bytes)" : looksLike;
}
