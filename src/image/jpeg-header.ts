import { ServingError } from "../errors.ts";
import type { Size } from "./raster.ts";

export interface JpegHeader extends Size {
  /** 1 grey, 3 YCbCr or RGB, 4 CMYK or YCCK. */
  readonly components: number;
  readonly isProgressive: boolean;
}

/** Most segments before the frame header. Photographs have some ten, an embedded profile at most 255 more. */
const MAX_SEGMENTS = 4096;

/**
 * Returns what a JPEG's frame header (SOF) says, skipping every segment before it.
 *
 * @throws {ServingError} INVALID_IMAGE when there is none; UNSUPPORTED_FORMAT when its coding is not decoded.
 * @throws {RangeError} when the data end before it.
 * @see ITU-T T.81, B.1.1 (markers, fill bytes) and B.2.2 (frame header)
 */
export function readJpegHeader(view: DataView): JpegHeader {
  let at = 2;
  for (let segment = 0; segment < MAX_SEGMENTS; segment++) {
    at = nextMarker(view, at);
    const marker = view.getUint8(at);
    at += 1;
    if (isStandalone(marker)) continue;
    if (marker === SOS || marker === EOI) break;
    if (isFrame(marker)) return readFrame(view, at, marker);
    const length = view.getUint16(at);
    if (length < 2) break;
    at += length;
  }
  throw new ServingError("INVALID_IMAGE", "expected an image, got a JPEG without a frame header");
}

const SOS = 0xda;
const EOI = 0xd9;

/** Returns the offset of the next marker's code. Other bytes before it are skipped, as libjpeg does; fill bytes too. */
function nextMarker(view: DataView, from: number): number {
  let at = from;
  do {
    while (view.getUint8(at) !== 0xff) at++;
    while (view.getUint8(at) === 0xff) at++;
  } while (view.getUint8(at) === 0);
  return at;
}

function isStandalone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

function isFrame(marker: number): boolean {
  // C4 is DHT, C8 is JPG (reserved), CC is DAC.
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readFrame(view: DataView, at: number, marker: number): JpegHeader {
  const precision = view.getUint8(at + 2);
  const components = view.getUint8(at + 7);
  const isDecoded = marker <= 0xc2 || marker === 0xc9 || marker === 0xca;
  if (!isDecoded || precision !== 8) {
    const got = `got a ${isDecoded ? `${precision}-bit` : "lossless or hierarchical"} JPEG`;
    throw new ServingError("UNSUPPORTED_FORMAT", `expected a baseline or progressive 8-bit JPEG, ${got}`);
  }
  if (components !== 1 && components !== 3 && components !== 4) {
    throw new ServingError("INVALID_IMAGE", `expected a JPEG of 1, 3 or 4 components, got ${components}`);
  }
  const isProgressive = marker === 0xc2 || marker === 0xca;
  return { height: view.getUint16(at + 3), width: view.getUint16(at + 5), components, isProgressive };
}
