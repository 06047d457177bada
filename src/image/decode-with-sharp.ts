import sharp from "sharp";
import { ServingError } from "../errors.ts";
import type { ImageFormat } from "./identify.ts";
import { readJpegHeader } from "./jpeg-header.ts";
import { readPngHeader } from "./png-header.ts";
import type { Raster } from "./raster.ts";
import { FORMAT_NAMES } from "./read-header.ts";
import { readTiffHeader } from "./tiff-header.ts";

/** libvips' loaders, without Jpeg, Png, Webp and Tiff. */
const UNUSED_LOADERS = [
  "Analyze",
  "Csv",
  "DcRaw",
  "Fits",
  "Heif",
  "Jp2k",
  "Jxl",
  "Magick",
  "Magick7",
  "Mat",
  "Matrix",
  "Nifti",
  "Nsgif",
  "OpenExr",
  "OpenSlide",
  "Pdf",
  "Ppm",
  "Rad",
  "Raw",
  "Svg",
  "Uhdr",
  "Vips",
];

// Inputs never repeat, and one image is one task of the pool: with sharp's defaults the pipeline of a 256 x 256
// JPEG took 2.2 ms of CPU, with these 0.95.
sharp.cache(false);
sharp.concurrency(1);
// Every other loader stays closed whatever libvips makes of the bytes. They are named one by one: blocking all of
// them and letting five back in would, in the moment between, fail the decodes of the other worker threads.
sharp.block({ operation: UNUSED_LOADERS.map((loader) => `VipsForeignLoad${loader}`) });

type SharpFormat = Exclude<ImageFormat, "bmp" | "gif">;

/**
 * Returns the pixels of an image in a format that libvips decodes, as Pillow's `convert("RGB")` gives them.
 * Its header has been read before, and found within `maxImagePixels`.
 *
 * Shapes: `[height, width, 3]`.
 *
 * @throws {ServingError} INVALID_IMAGE when the data are cut off or corrupt; IMAGE_TOO_LARGE when the decoder finds
 * more pixels than the header said.
 */
export async function decodeWithSharp(
  bytes: Uint8Array,
  format: SharpFormat,
  maxImagePixels: number,
): Promise<Raster> {
  const { space, convert } = pixelKind(bytes, format);
  let image = sharp(bytes, {
    // What Pillow refuses is refused: data that end early. What it lets pass (warnings of libjpeg) is let pass.
    // libtiff's errors (a wrong checksum) are fatal in Pillow.
    failOn: format === "tiff" ? "error" : "truncated",
    ignoreIcc: true,
    limitInputPixels: maxImagePixels,
    // Pillow turns TIFFs as their orientation says, and nothing else.
    autoOrient: format === "tiff",
  });
  if (space !== "srgb") image = image.pipelineColourspace(space);
  image = image.toColourspace(space).removeAlpha();
  const depth = space === "grey16" ? "ushort" : "uchar";
  const { data, info } = await image
    .raw({ depth })
    .toBuffer({ resolveWithObject: true })
    .catch((thrown: unknown) => {
      throw decodeError(thrown, bytes, format);
    });
  const { height, width, channels } = info;
  return { height, width, channels: 3, data: convert(data, channels) };
}

interface PixelKind {
  readonly space: "srgb" | "cmyk" | "grey16";
  readonly convert: (data: Buffer, channels: number) => Uint8Array;
}

const RGB: PixelKind = { space: "srgb", convert: expectRgb };

/** Chooses by the header how pixels are asked for, where Pillow converts them otherwise than libvips. */
function pixelKind(bytes: Uint8Array, format: SharpFormat): PixelKind {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (format === "jpeg" && readJpegHeader(view).components === 4) {
    return { space: "cmyk", convert: cmykToRgb };
  }
  if (format === "png") {
    const { bitDepth, colorType } = readPngHeader(view);
    if (bitDepth === 16 && colorType === 0) return { space: "grey16", convert: grey16ToRgb };
  }
  if (format === "tiff") {
    const { photometric, bitsPerSample } = readTiffHeader(view);
    if (photometric === 5) return { space: "cmyk", convert: cmykToRgb };
    if (photometric <= 1 && bitsPerSample === 16) return { space: "grey16", convert: grey16ToRgb };
  }
  return RGB;
}

function expectRgb(data: Buffer, channels: number): Uint8Array {
  if (channels !== 3)
    throw new ServingError("INTERNAL", `sharp gave ${channels} channels for RGB; this is a bug`);
  return data;
}

/** Pillow's own formula, without profiles: (255 - c) * (255 - k) / 255, rounded as MULDIV255 rounds. */
function cmykToRgb(data: Buffer, channels: number): Uint8Array {
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    const light = 255 - (data[i * channels + 3] as number);
    for (let channel = 0; channel < 3; channel++) {
      const product = (data[i * channels + channel] as number) * light + 128;
      rgb[i * 3 + channel] = light - ((product + (product >> 8)) >> 8);
    }
  }
  return rgb;
}

/**
 * 16-bit grey is cut off at 255, not scaled: Pillow keeps it as mode "I;16", whose conversion to "RGB" or "L" clips.
 * Nearly every such image turns white, in training as here. (16-bit RGB and grey with alpha keep their high byte.)
 */
function grey16ToRgb(data: Buffer): Uint8Array {
  const pixels = data.length / 2;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    rgb.fill(Math.min(255, data.readUInt16LE(i * 2)), i * 3, i * 3 + 3);
  }
  return rgb;
}

function decodeError(thrown: unknown, bytes: Uint8Array, format: ImageFormat): ServingError {
  const detail = thrown instanceof Error ? thrown.message : "";
  if (/pixel limit/i.test(detail)) {
    const message = "expected an image within the pixel limit, got one larger than its header says";
    return new ServingError("IMAGE_TOO_LARGE", message, { cause: thrown });
  }
  const got = `${isTruncated(bytes, format, detail) ? "truncated" : "corrupt"} ${FORMAT_NAMES[format]}`;
  return new ServingError("INVALID_IMAGE", `expected an image, got a ${got}`, { cause: thrown });
}

/** libvips does not always say why: a PNG ends with an IEND chunk, a WebP says its length at the start. */
function isTruncated(bytes: Uint8Array, format: ImageFormat, detail: string): boolean {
  if (/premature|truncat|end of|not enough|too short|incomplete/i.test(detail)) return true;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (format === "png") return buffer.lastIndexOf("IEND") < 0;
  return format === "webp" && buffer.length >= 8 && buffer.readUInt32LE(4) + 8 > buffer.length;
}
