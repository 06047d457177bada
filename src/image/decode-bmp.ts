import { ServingError } from "../errors.ts";
import { type BmpHeader, readBmpHeader } from "./bmp-header.ts";
import type { Raster } from "./raster.ts";

/**
 * Returns the pixels of a BMP, decoded by jimp, as Pillow's `convert("RGB")` gives them. jimp's decoder trusts every
 * field of a header and reads some kinds wrong, so it never sees the caller's: it gets a plain header written here,
 * around rows that are known to be there.
 *
 * Shapes: `[height, width, 3]`.
 *
 * @throws {ServingError} as {@link readBmpHeader}; INVALID_IMAGE when rows are missing.
 * @see jimp-dev/jimp issue 1415
 */
export async function decodeBmp(bytes: Uint8Array): Promise<Raster> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readBmpHeader(view);
  const { height, width } = header;
  // The last row may lack its padding, as in Pillow.
  const paddingBytes = header.rowBytes - Math.ceil((width * header.bitsPerPixel) / 8);
  if (header.dataOffset + header.rowBytes * height - paddingBytes > bytes.length) {
    throw new ServingError("INVALID_IMAGE", "expected an image, got a truncated BMP");
  }
  const { data, width: decodedWidth } = (await bmpDecoder())(plainBmp(bytes, header));
  const rgb = new Uint8Array(height * width * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let from = y * decodedWidth * 4, end = from + width * 4; from < end; from += 4, at += 3) {
      rgb[at] = data[from] as number;
      rgb[at + 1] = data[from + 1] as number;
      rgb[at + 2] = data[from + 2] as number;
    }
  }
  if (header.bitsPerPixel === 16) spreadBits(rgb, header.masks);
  return { height, width, channels: 3, data: rgb };
}

/** jimp shifts 5 or 6 bits up to 8; Pillow spreads them over 0..255. */
function spreadBits(rgb: Uint8Array, masks: BmpHeader["masks"]): void {
  for (const [channel, mask] of masks.entries()) {
    const largest = mask / (mask & -mask);
    const step = 256 / (largest + 1);
    for (let i = channel; i < rgb.length; i += 3)
      rgb[i] = Math.trunc((((rgb[i] as number) / step) * 255) / largest);
  }
}

interface Bitmap {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

let decoder: ((bytes: Buffer) => Bitmap) | undefined;

/** jimp is loaded with the first BMP: most servers never see one. */
async function bmpDecoder(): Promise<(bytes: Buffer) => Bitmap> {
  if (decoder === undefined) {
    const { defaultFormats } = await import("jimp");
    const format = defaultFormats.map((create) => create()).find(({ mime }) => mime === "image/bmp");
    if (format === undefined) throw new ServingError("INTERNAL", "jimp has no BMP decoder; this is a bug");
    decoder = (bytes) => format.decode(bytes) as Bitmap;
  }
  return decoder;
}

const FILE_HEADER_BYTES = 14;
const INFO_HEADER_BYTES = 40;
const MASKS_BYTES = 12;

/** Writes the same pixels as a bottom-up BMP that jimp reads right. */
function plainBmp(bytes: Uint8Array, header: BmpHeader): Buffer {
  const colors = header.bitsPerPixel <= 8 ? readPalette(bytes, header) : Buffer.alloc(0);
  const hasMasks = header.bitsPerPixel === 16 || header.bitsPerPixel === 32;
  const offset = FILE_HEADER_BYTES + INFO_HEADER_BYTES + (hasMasks ? MASKS_BYTES : 0) + colors.length;
  const rowsBytes = header.rowBytes * header.height;
  const plain = Buffer.alloc(offset + rowsBytes);
  plain.write("BM", "latin1");
  plain.writeUInt32LE(plain.length, 2);
  plain.writeUInt32LE(offset, 10);
  plain.writeUInt32LE(INFO_HEADER_BYTES, 14);
  // jimp stops at the end of the first row of an odd number of half bytes; the padding holds the one it misses.
  plain.writeUInt32LE(header.bitsPerPixel === 4 ? header.width + (header.width % 2) : header.width, 18);
  plain.writeInt32LE(header.topDown ? -header.height : header.height, 22);
  plain.writeUInt16LE(1, 26);
  plain.writeUInt16LE(header.bitsPerPixel, 28);
  plain.writeUInt32LE(hasMasks ? 3 : 0, 30);
  plain.writeUInt32LE(rowsBytes, 34);
  plain.writeUInt32LE(colors.length / 4, 46);
  if (hasMasks) for (const [i, mask] of header.masks.entries()) plain.writeUInt32LE(mask, 54 + i * 4);
  plain.set(colors, offset - colors.length);
  plain.set(bytes.subarray(header.dataOffset, header.dataOffset + rowsBytes), offset);
  return plain;
}

/** As many colours as the depth can name; those that the file lacks are black, as in Pillow. */
function readPalette(bytes: Uint8Array, { palette, bitsPerPixel }: BmpHeader): Buffer {
  const table = Buffer.alloc(4 << bitsPerPixel);
  for (let color = 0; color < 1 << bitsPerPixel; color++) {
    const from = palette.offset + color * palette.bytesPerColor;
    const isThere = color < palette.colors && from + 3 <= bytes.length;
    for (let i = 0; i < 3; i++) table[color * 4 + i] = isThere ? (bytes[from + i] as number) : 0;
  }
  return table;
}
