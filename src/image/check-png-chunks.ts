import { crc32 } from "node:zlib";
import { ServingError } from "../errors.ts";

/**
 * Ensures that every chunk before a PNG's pixels is whole, by its checksum, as Pillow does. libvips passes wrong
 * ones over: a header or a palette with a flipped bit would be decoded as another image.
 *
 * @throws {ServingError} INVALID_IMAGE when a checksum is wrong, a chunk has no name, or there are no pixels.
 * @see PNG specification, third edition, 5.3 to 5.5; python-pillow/Pillow `src/PIL/PngImagePlugin.py` ChunkStream
 */
export function checkPngChunks(bytes: Uint8Array): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = SIGNATURE_BYTES; at + 8 <= buffer.length; ) {
    const name = buffer.toString("latin1", at + 4, at + 8);
    if (name === "IDAT") return;
    const end = at + 8 + buffer.readUInt32BE(at);
    if (end + 4 > buffer.length) break;
    const isWhole = crc32(buffer.subarray(at + 4, end)) === buffer.readUInt32BE(end);
    if (!isWhole || !/^\w{4}$/.test(name) || name === "IEND") throw corruptPng("corrupt");
    at = end + 4;
  }
  throw corruptPng("truncated");
}

const SIGNATURE_BYTES = 8;

function corruptPng(kind: "corrupt" | "truncated"): ServingError {
  return new ServingError("INVALID_IMAGE", `expected an image, got a ${kind} PNG`);
}
