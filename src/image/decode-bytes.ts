import { type ImageFormat, identifyImage } from "./identify.ts";
import { readJpegHeader } from "./jpeg-header.ts";
import { readPngHeader } from "./png-header.ts";
import type { PreprocessSpec } from "./preprocess-spec.ts";
import type { Size } from "./raster.ts";
import { readHeader } from "./read-header.ts";
import { sourceBox } from "./source-box.ts";
import { readTiffHeader } from "./tiff-header.ts";

/** A JPEG says its size behind its metadata, and it is a walk to there. */
const MAX_HEADER_BYTES = 2 ** 22;

/** As it came and in one piece, the worker's, and the decoder's or what is garbage of these. */
const BODY_COPIES = 4;

const RGB_BYTES = 3;

/** Larger baseline JPEGs are decoded line by line. */
const MAX_PLANAR_PIXELS = 2 ** 24;

/** As many as any format takes for a pixel. */
const MOST_BYTES_PER_PIXEL = 16;

/**
 * Returns how much memory an image takes at its most while it is decoded and cut, as its header says; 0 for bytes that
 * are refused before anything is allocated. The row, and what the model makes of it, are not counted. Reads a few
 * bytes.
 */
export function decodeBytes(
  bytes: Uint8Array,
  { color, resize }: Pick<PreprocessSpec, "color" | "resize">,
  maxImagePixels: number,
): number {
  const found = identifyImage(bytes);
  if (found.kind === "other") return 0;
  const head = bytes.subarray(0, found.format === "jpeg" ? MAX_HEADER_BYTES : bytes.length);
  try {
    const size = readHeader(head, found.format, maxImagePixels);
    const pixels = size.height * size.width;
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    const decoding = pixels * bytesPerPixel(found.format, view, pixels) + BODY_COPIES * bytes.length;
    return decoding + (color === "L" ? pixels : 0) + cutBytes(size, resize);
  } catch {
    return head.length < bytes.length ? maxImagePixels * MOST_BYTES_PER_PIXEL : 0;
  }
}

/** Of the pixels, and of what the decoder of their format holds beside them. */
function bytesPerPixel(format: ImageFormat, view: DataView, pixels: number): number {
  switch (format) {
    case "jpeg": {
      const { components, isProgressive } = readJpegHeader(view);
      const cmyk = components === 4 ? 4 : 0;
      if (isProgressive) return RGB_BYTES + cmyk + 2 * components;
      return RGB_BYTES + cmyk + (pixels <= MAX_PLANAR_PIXELS && cmyk === 0 ? 2 * RGB_BYTES : 0);
    }
    case "png": {
      const { bitDepth, colorType, isInterlaced } = readPngHeader(view);
      // The lines of an interlaced one are complete when all are: up to four channels of each pixel are held.
      const held = isInterlaced ? (bitDepth === 16 ? 8 : 4) : 0;
      return RGB_BYTES + (bitDepth === 16 && colorType === 0 ? 2 : 0) + held;
    }
    case "tiff": {
      // The whole may be one strip, and is held to be turned.
      const { bitsPerSample, samplesPerPixel } = readTiffHeader(view);
      return RGB_BYTES + 4 + Math.ceil((bitsPerSample * samplesPerPixel) / 8);
    }
    case "webp":
      return RGB_BYTES + 8;
    case "gif":
      return RGB_BYTES + 1;
    case "bmp":
      return RGB_BYTES + 8;
  }
}

function cutBytes(size: Size, resize: PreprocessSpec["resize"]): number {
  if (resize?.kind === "share") return RGB_BYTES * size.height * size.width;
  if (resize?.kind !== "crop" && resize?.kind !== "pad") return 0;
  const box = sourceBox(size, resize.size, resize.kind);
  return RGB_BYTES * box.height * box.width;
}
