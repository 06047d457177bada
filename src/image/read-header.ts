import { ServingError } from "../errors.ts";
import { readBmpHeader } from "./bmp-header.ts";
import { readGifHeader } from "./gif-header.ts";
import type { ImageFormat } from "./identify.ts";
import { readJpegHeader } from "./jpeg-header.ts";
import { readPngHeader } from "./png-header.ts";
import type { Size } from "./raster.ts";
import { readTiffHeader } from "./tiff-header.ts";
import { readWebpHeader } from "./webp-header.ts";

/** The name of each format in error texts. */
export const FORMAT_NAMES: Readonly<Record<ImageFormat, string>> = {
  jpeg: "JPEG",
  png: "PNG",
  webp: "WebP",
  gif: "GIF",
  tiff: "TIFF",
  bmp: "BMP",
};

/**
 * Returns the size of the image that will be decoded: the gate before anything is allocated. Reads a few bytes
 * at a bounded number of places, whatever the file says.
 *
 * Units: pixels.
 *
 * @throws {ServingError} INVALID_IMAGE when the header is cut off, nonsense, or says 0 pixels;
 * UNSUPPORTED_FORMAT when it asks for a variant that is not decoded; IMAGE_TOO_LARGE when it says more than
 * `maxImagePixels`.
 */
export function readHeader(bytes: Uint8Array, format: ImageFormat, maxImagePixels: number): Size {
  const { height, width } = readSize(bytes, format);
  const name = FORMAT_NAMES[format];
  if (height === 0 || width === 0) {
    throw new ServingError(
      "INVALID_IMAGE",
      `expected an image, got a ${name} of ${height} x ${width} pixels`,
    );
  }
  checkPixelCount({ height, width }, maxImagePixels);
  return { height, width };
}

/** @throws {ServingError} IMAGE_TOO_LARGE when `size` has more than `maxImagePixels`. */
export function checkPixelCount({ height, width }: Size, maxImagePixels: number): void {
  // A product of two 32-bit numbers: a double is off by less than the limit can notice.
  if (height * width > maxImagePixels) {
    const got = `got ${height} x ${width} (height x width)`;
    throw new ServingError(
      "IMAGE_TOO_LARGE",
      `expected an image of at most ${maxImagePixels} pixels, ${got}`,
    );
  }
}

function readSize(bytes: Uint8Array, format: ImageFormat): Size {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return READERS[format](view);
  } catch (thrown) {
    // A DataView refuses to read past its end, so no reader has to check lengths.
    if (!(thrown instanceof RangeError)) throw thrown;
    const got = `got a truncated ${FORMAT_NAMES[format]}: its header goes on past the end of the data`;
    throw new ServingError("INVALID_IMAGE", `expected an image, ${got}`);
  }
}

const READERS: Readonly<Record<ImageFormat, (view: DataView) => Size>> = {
  jpeg: readJpegHeader,
  png: readPngHeader,
  webp: readWebpHeader,
  gif: readGifHeader,
  tiff: readTiffHeader,
  bmp: readBmpHeader,
};
