import { readGifHeader } from "./gif-header.ts";
import type { Raster } from "./raster.ts";
import { readLzwCodes } from "./read-lzw-codes.ts";

/**
 * Returns the pixels of a GIF's first frame on its screen, as Pillow's `convert("RGB")` gives them: transparent pixels
 * keep their palette's colour, which also fills the screen around the frame. What follows the frame is not read.
 *
 * Shapes: `[height, width, 3]`.
 *
 * @throws {ServingError} as {@link readGifHeader}; INVALID_IMAGE when the frame's data are cut off or corrupt.
 * @see GIF89a specification, section 22; python-pillow/Pillow `src/PIL/GifImagePlugin.py`
 */
export function decodeGif(bytes: Uint8Array): Raster {
  const header = readGifHeader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const { height, width, frame, palette, transparentIndex = 0, isInterlaced } = header;
  const pixels = new Uint8Array(frame.height * frame.width);
  readLzwCodes(bytes, header.dataOffset, pixels);
  const rgb = new Uint8Array(height * width * 3);
  // An index past a short palette is black.
  const colors = new Uint8Array(256 * 3);
  colors.set(palette);
  const isCovered = frame.height === height && frame.width === width;
  const [red = 0, green = 0, blue = 0] = colors.subarray(transparentIndex * 3);
  for (let at = 0; !isCovered && at < rgb.length; at += 3) {
    rgb[at] = red;
    rgb[at + 1] = green;
    rgb[at + 2] = blue;
  }
  let from = 0;
  for (const row of isInterlaced ? interlacedRows(frame.height) : rows(frame.height, 0, 1)) {
    let at = ((frame.top + row) * width + frame.left) * 3;
    for (let x = 0; x < frame.width; x++, at += 3) {
      const color = (pixels[from++] as number) * 3;
      rgb[at] = colors[color] as number;
      rgb[at + 1] = colors[color + 1] as number;
      rgb[at + 2] = colors[color + 2] as number;
    }
  }
  return { height, width, channels: 3, data: rgb };
}

function* interlacedRows(height: number): Generator<number> {
  yield* rows(height, 0, 8);
  yield* rows(height, 4, 8);
  yield* rows(height, 2, 4);
  yield* rows(height, 1, 2);
}

function* rows(height: number, first: number, step: number): Generator<number> {
  for (let row = first; row < height; row += step) yield row;
}
