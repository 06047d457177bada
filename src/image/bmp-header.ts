import { ServingError } from "../errors.ts";
import type { Size } from "./raster.ts";

export interface BmpHeader extends Size {
  readonly bitsPerPixel: 1 | 4 | 8 | 16 | 24 | 32;
  /** Rows run from the top down; the usual BMP runs from the bottom up. */
  readonly topDown: boolean;
  /** Where red, green and blue stand in a pixel of 16 or 32 bits. */
  readonly masks: readonly [red: number, green: number, blue: number];
  readonly palette: { readonly offset: number; readonly colors: number; readonly bytesPerColor: 3 | 4 };
  readonly dataOffset: number;
  /** Each row fills whole words of 4 bytes. */
  readonly rowBytes: number;
}

/**
 * Returns what a BMP's headers say, as Pillow reads them.
 *
 * @throws {ServingError} INVALID_IMAGE when they contradict themselves; UNSUPPORTED_FORMAT for run-length coding,
 * embedded JPEG or PNG, and odd depths or masks.
 * @throws {RangeError} when the data end before them.
 * @see python-pillow/Pillow `src/PIL/BmpImagePlugin.py` BmpImageFile._bitmap
 */
export function readBmpHeader(view: DataView): BmpHeader {
  const headerBytes = view.getUint32(14, true);
  if (headerBytes !== 12 && !INFO_HEADER_BYTES.includes(headerBytes)) {
    throw new ServingError(
      "INVALID_IMAGE",
      `expected an image, got a BMP with a header of ${headerBytes} bytes`,
    );
  }
  const isCore = headerBytes === 12;
  const rows = isCore ? view.getUint16(20, true) : view.getInt32(22, true);
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  const bits = view.getUint16(isCore ? 24 : 28, true);
  const compression = isCore ? RAW : view.getUint32(30, true);
  if (width < 0) throw new ServingError("INVALID_IMAGE", `expected an image, got a BMP ${width} pixels wide`);
  if (!isDepth(bits)) {
    throw new ServingError("UNSUPPORTED_FORMAT", `expected a BMP of 1, 4, 8, 16, 24 or 32 bits, got ${bits}`);
  }
  if (compression !== RAW && compression !== BITFIELDS) {
    const got = COMPRESSIONS[compression] ?? `compression ${compression}`;
    throw new ServingError("UNSUPPORTED_FORMAT", `expected an uncompressed BMP, got ${got}`);
  }
  const masksBytes = compression === BITFIELDS && headerBytes === 40 ? 12 : 0;
  const declaredColors = isCore ? 0 : view.getUint32(46, true);
  const colors = bits > 8 ? 0 : declaredColors || 1 << bits;
  if (colors > 65536)
    throw new ServingError("INVALID_IMAGE", `expected an image, got a BMP of ${colors} colours`);
  const bytesPerColor = isCore ? 3 : 4;
  const paletteOffset = 14 + headerBytes + masksBytes;
  const declaredOffset = view.getUint32(10, true);
  // Some writers forget the palette in the offset; Pillow adds it where the offset ends at the header.
  const forgot = declaredOffset === 14 + headerBytes ? bytesPerColor * colors : 0;
  return {
    height: Math.abs(rows),
    width,
    bitsPerPixel: bits,
    topDown: rows < 0,
    masks: compression === BITFIELDS ? readMasks(view, bits) : bits === 16 ? RGB_555 : RGB_888,
    palette: { offset: paletteOffset, colors, bytesPerColor },
    dataOffset: (declaredOffset || paletteOffset + bytesPerColor * colors) + (declaredOffset ? forgot : 0),
    rowBytes: Math.ceil((width * bits) / 32) * 4,
  };
}

/** BITMAPINFOHEADER, its versions 2 and 3, OS/2's version 2, versions 4 and 5. */
const INFO_HEADER_BYTES: readonly number[] = [40, 52, 56, 64, 108, 124];
const RAW = 0;
const BITFIELDS = 3;
const COMPRESSIONS: Readonly<Record<number, string>> = {
  1: "run-length coding (RLE8)",
  2: "run-length coding (RLE4)",
  4: "an embedded JPEG",
  5: "an embedded PNG",
};

const RGB_888 = [0xff0000, 0xff00, 0xff] as const;
const RGB_555 = [0x7c00, 0x3e0, 0x1f] as const;
const RGB_565 = [0xf800, 0x7e0, 0x1f] as const;

/** The layouts that Pillow reads. */
const LAYOUTS: Readonly<Record<number, readonly (readonly [number, number, number])[]>> = {
  16: [RGB_565, RGB_555],
  24: [RGB_888],
  32: [RGB_888, [0xff000000, 0xff0000, 0xff00], [0xff000000, 0xff00, 0xff], [0xff, 0xff00, 0xff0000]],
};

function isDepth(bits: number): bits is BmpHeader["bitsPerPixel"] {
  return [1, 4, 8, 16, 24, 32].includes(bits);
}

function readMasks(view: DataView, bits: number): readonly [number, number, number] {
  const masks = [view.getUint32(54, true), view.getUint32(58, true), view.getUint32(62, true)] as const;
  if (bits === 32 && masks.every((mask) => mask === 0)) return RGB_888;
  const layout = LAYOUTS[bits]?.find((layout) => layout.every((mask, i) => mask === masks[i]));
  if (layout === undefined) {
    throw new ServingError(
      "UNSUPPORTED_FORMAT",
      "expected a BMP with a usual order of colours, got other masks",
    );
  }
  return layout;
}
