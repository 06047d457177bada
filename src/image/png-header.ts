import { ServingError } from "../errors.ts";
import type { Size } from "./raster.ts";

export interface PngHeader extends Size {
  readonly bitDepth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  readonly colorType: number;
  readonly isInterlaced: boolean;
}

const BIT_DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/**
 * Returns what a PNG's IHDR chunk says; it is the first chunk of every PNG.
 *
 * @throws {ServingError} INVALID_IMAGE when it is another or no combination that PNG knows.
 * @throws {RangeError} when the data end before it.
 * @see PNG specification, third edition, 11.2.1
 */
export function readPngHeader(view: DataView): PngHeader {
  const isHeader = view.getUint32(8) === 13 && view.getUint32(12) === IHDR;
  const header = {
    width: view.getUint32(16),
    height: view.getUint32(20),
    bitDepth: view.getUint8(24),
    colorType: view.getUint8(25),
    isInterlaced: view.getUint8(28) === 1,
  };
  if (!isHeader || !BIT_DEPTHS[header.colorType]?.includes(header.bitDepth)) {
    throw new ServingError("INVALID_IMAGE", "expected an image, got a PNG with a corrupt IHDR chunk");
  }
  return header;
}

const IHDR = 0x49484452;
