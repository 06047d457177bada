import { deflateSync } from "node:zlib";
import { PNG_SIGNATURE, pngChunk } from "./images/png-chunk.ts";

/** Returns an 8-bit RGB PNG of one colour. Levels: 0..255. */
export function solidPng(height: number, width: number, color: readonly [number, number, number]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const line = Buffer.from([0, ...Array.from({ length: width }, () => color).flat()]);
  const pixels = Buffer.concat(new Array<Buffer>(height).fill(line));
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk("IHDR", header),
    pngChunk("IDAT", deflateSync(pixels)),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}
