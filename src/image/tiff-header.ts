import { ServingError } from "../errors.ts";
import type { Size } from "./raster.ts";

/** Size as it is displayed: height and width are exchanged where the orientation turns the image. */
export interface TiffHeader extends Size {
  readonly bitsPerSample: number;
  readonly samplesPerPixel: number;
  /** 0 and 1 grey, 2 RGB, 3 palette, 5 CMYK, 6 YCbCr. */
  readonly photometric: number;
  /** 1 to 8 as in EXIF; Pillow applies it to TIFF, and to no other format. */
  readonly orientation: number;
}

/**
 * Returns what the first directory (IFD0) of a TIFF says.
 *
 * @throws {ServingError} INVALID_IMAGE when it has no size; UNSUPPORTED_FORMAT for BigTIFF and sample formats that
 * are not decoded.
 * @throws {RangeError} when the data end before it.
 * @see TIFF 6.0 specification, section 2
 */
export function readTiffHeader(view: DataView): TiffHeader {
  const little = view.getUint16(0) === 0x4949;
  if (view.getUint16(2, little) === 43) {
    throw new ServingError("UNSUPPORTED_FORMAT", "expected a classic TIFF, got a BigTIFF");
  }
  const directory = view.getUint32(4, little);
  const count = view.getUint16(directory, little);
  const values = new Map<number, number>();
  const pieces = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const at = directory + 2 + i * 12;
    const tag = view.getUint16(at, little);
    // Only the tags that are asked for; the first of two wins, as a directory is sorted and has no two.
    if (TAG_NUMBERS.has(tag) && !values.has(tag)) values.set(tag, firstValue(view, at, little));
    if (PIECE_TAGS.has(tag)) pieces.set(tag, at);
  }
  const height = values.get(TAGS.height) ?? 0;
  const width = values.get(TAGS.width) ?? 0;
  const orientation = values.get(TAGS.orientation) ?? 1;
  const samplesPerPixel = values.get(TAGS.samplesPerPixel) ?? 1;
  const bitsPerSample = values.get(TAGS.bitsPerSample) ?? 1;
  const photometric = values.get(TAGS.photometric) ?? 0;
  const sampleFormat = values.get(TAGS.sampleFormat) ?? 1;
  if (!isDecoded(photometric, bitsPerSample, samplesPerPixel, sampleFormat)) {
    const got = `got ${samplesPerPixel} samples of ${bitsPerSample} bits, photometric ${photometric}, format ${sampleFormat}`;
    throw new ServingError(
      "UNSUPPORTED_FORMAT",
      `expected a TIFF of grey, RGB, palette or CMYK pixels, ${got}`,
    );
  }
  checkPieces(view, pieces, little);
  const rest = { bitsPerSample, samplesPerPixel, photometric, orientation };
  return orientation >= 5 && orientation <= 8
    ? { height: width, width: height, ...rest }
    : { height, width, ...rest };
}

const TAGS = {
  width: 256,
  height: 257,
  bitsPerSample: 258,
  photometric: 262,
  orientation: 274,
  samplesPerPixel: 277,
  sampleFormat: 339,
} as const;

const TAG_NUMBERS: ReadonlySet<number> = new Set(Object.values(TAGS));

/** Offsets and lengths of strips, then of tiles. */
const PIECE_TAGS: ReadonlySet<number> = new Set([273, 279, 324, 325]);

/** Where uncompressed pixels are missing, libvips puts zeros. Pillow refuses, and so does this. */
function checkPieces(view: DataView, entries: ReadonlyMap<number, number>, little: boolean): void {
  for (const [offsetsTag, lengthsTag] of [
    [273, 279],
    [324, 325],
  ] as const) {
    const offsets = entries.get(offsetsTag);
    const lengths = entries.get(lengthsTag);
    if (offsets === undefined || lengths === undefined) continue;
    const count = Math.min(view.getUint32(offsets + 4, little), view.getUint32(lengths + 4, little));
    for (let i = 0; i < count; i++) {
      if (entryValue(view, offsets, i, little) + entryValue(view, lengths, i, little) > view.byteLength) {
        throw new ServingError("INVALID_IMAGE", "expected an image, got a truncated TIFF");
      }
    }
  }
}

function firstValue(view: DataView, at: number, little: boolean): number {
  return entryValue(view, at, 0, little);
}

/** A value of a directory entry of type BYTE, SHORT or LONG. */
function entryValue(view: DataView, at: number, index: number, little: boolean): number {
  const type = view.getUint16(at + 2, little);
  const bytes = type === 1 ? 1 : type === 3 ? 2 : type === 4 ? 4 : 0;
  if (bytes === 0)
    throw new ServingError("INVALID_IMAGE", "expected an image, got a TIFF with a corrupt directory");
  const isInline = bytes * view.getUint32(at + 4, little) <= 4;
  const from = (isInline ? at + 8 : view.getUint32(at + 8, little)) + index * bytes;
  if (bytes === 1) return view.getUint8(from);
  return bytes === 2 ? view.getUint16(from, little) : view.getUint32(from, little);
}

/** The kinds whose pixels were compared with Pillow's. 12-bit, 32-bit, float, signed and CIE L*a*b* are refused. */
function isDecoded(photometric: number, bits: number, samples: number, sampleFormat: number): boolean {
  if (sampleFormat !== 1) return false;
  if (photometric <= 1 && samples === 2) return bits === 8;
  // 16-bit "white is zero" Pillow does not turn around, and libvips does.
  if (photometric <= 1)
    return samples === 1 && ([1, 2, 4, 8].includes(bits) || (bits === 16 && photometric === 1));
  if (photometric === 2) return (samples === 3 || samples === 4) && (bits === 8 || bits === 16);
  if (photometric === 3) return samples === 1 && [1, 2, 4, 8].includes(bits);
  if (photometric === 5) return samples === 4 && bits === 8;
  return photometric === 6 && samples === 3 && bits === 8;
}
