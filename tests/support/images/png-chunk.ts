import { crc32 } from "../crc32.ts";

export const PNG_SIGNATURE: Buffer = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** Returns a chunk of a PNG: length, type, content, checksum. */
export function pngChunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** Returns a PNG with chunks put in behind its header. */
export function withPngChunks(png: Buffer, ...chunks: readonly Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, AFTER_HEADER), ...chunks, png.subarray(AFTER_HEADER)]);
}

const AFTER_HEADER = 33;

/** Returns where a chunk of this type begins, with its length. */
export function findPngChunk(png: Buffer, type: string): number {
  const at = png.indexOf(type, 8, "latin1") - 4;
  if (at < 0) throw new Error(`no ${type} chunk`);
  return at;
}
