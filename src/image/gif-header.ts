import { ServingError } from "../errors.ts";
import type { Size } from "./raster.ts";

/** Size of the image: the logical screen, grown where the first frame reaches out of it, as Pillow grows it. */
export interface GifHeader extends Size {
  /** Where the first frame stands on the screen. */
  readonly frame: Size & { readonly top: number; readonly left: number };
  /** The palette index that stands for "nothing" in the first frame. */
  readonly transparentIndex: number | undefined;
  /** Red, green and blue of the first frame's colours. */
  readonly palette: Uint8Array;
  /** The frame's rows come in four passes. */
  readonly isInterlaced: boolean;
  /** Where the frame's data begin: the size of their codes, then blocks. */
  readonly dataOffset: number;
}

/** Blocks before the first frame; each is one length byte and at most 255 bytes. */
const MAX_BLOCKS = 65536;

/**
 * Returns what a GIF says up to its first frame.
 *
 * @throws {ServingError} INVALID_IMAGE when there is no frame, or no palette for it.
 * @throws {RangeError} when the data end before it.
 * @see GIF89a specification, sections 18 to 25
 */
export function readGifHeader(view: DataView): GifHeader {
  const screen = { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  const flags = view.getUint8(10);
  const globalPalette = flags & 0x80 ? readPalette(view, 13, flags) : undefined;
  let at = 13 + (globalPalette?.length ?? 0);
  let transparentIndex: number | undefined;
  for (let block = 0; block < MAX_BLOCKS; block++) {
    const introducer = view.getUint8(at);
    if (introducer === 0x2c) {
      const frame = {
        left: view.getUint16(at + 1, true),
        top: view.getUint16(at + 3, true),
        width: view.getUint16(at + 5, true),
        height: view.getUint16(at + 7, true),
      };
      const frameFlags = view.getUint8(at + 9);
      const localPalette = frameFlags & 0x80 ? readPalette(view, at + 10, frameFlags) : undefined;
      const palette = localPalette ?? globalPalette;
      if (palette === undefined)
        throw new ServingError("INVALID_IMAGE", "expected an image, got a GIF without colours");
      return {
        width: Math.max(screen.width, frame.left + frame.width),
        height: Math.max(screen.height, frame.top + frame.height),
        frame,
        transparentIndex,
        palette,
        isInterlaced: (frameFlags & 0x40) !== 0,
        dataOffset: at + 10 + (localPalette?.length ?? 0),
      };
    }
    if (introducer === 0x3b) break;
    // Pillow steps over single bytes that begin no block.
    if (introducer !== 0x21) {
      at += 1;
      continue;
    }
    if (view.getUint8(at + 1) === 0xf9 && view.getUint8(at + 2) >= 4) {
      const control = view.getUint8(at + 3);
      transparentIndex = control & 1 ? view.getUint8(at + 6) : undefined;
    }
    at += 2;
    while (view.getUint8(at) !== 0 && block++ < MAX_BLOCKS) at += 1 + view.getUint8(at);
    at += 1;
  }
  throw new ServingError("INVALID_IMAGE", "expected an image, got a GIF without a frame");
}

function readPalette(view: DataView, at: number, flags: number): Uint8Array {
  const bytes = 3 << ((flags & 7) + 1);
  view.getUint8(at + bytes - 1);
  return new Uint8Array(view.buffer, view.byteOffset + at, bytes);
}
