import { ServingError } from "../errors.ts";
import type { Size } from "./raster.ts";

/**
 * Returns the size of a WebP's canvas: of its VP8X chunk, else of the VP8 or VP8L bitstream.
 *
 * @throws {ServingError} INVALID_IMAGE when the first chunk is none of the three or its signature is wrong.
 * @throws {RangeError} when the data end before it.
 * @see RFC 9649 section 2.7 (VP8X) and 3.4 (VP8L); RFC 6386 section 9.1 (VP8)
 */
export function readWebpHeader(view: DataView): Size {
  const chunk = view.getUint32(12);
  if (chunk === VP8X) {
    return { width: uint24(view, 24) + 1, height: uint24(view, 27) + 1 };
  }
  if (chunk === VP8L && view.getUint8(20) === 0x2f) {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (chunk === VP8 && uint24(view, 23) === 0x2a019d) {
    // The two bits above say how a player should scale it.
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  }
  throw new ServingError("INVALID_IMAGE", "expected an image, got a WebP with a corrupt header");
}

const VP8 = 0x56503820;
const VP8L = 0x5650384c;
const VP8X = 0x56503858;

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
}
