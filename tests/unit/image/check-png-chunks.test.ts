import { describe, expect, test } from "vitest";
import { checkPngChunks } from "../../../src/image/check-png-chunks.ts";
import { findPngChunk, pngChunk, withPngChunks } from "../../support/images/png-chunk.ts";
import { solidPng } from "../../support/solid-png.ts";

const PNG = solidPng(3, 4, [200, 100, 50]);
const GAMMA = pngChunk("gAMA", Buffer.from([0, 0, 0xb1, 0x8f]));

/** Returns the PNG with one bit of a chunk's content the other way. */
function withFlippedBit(png: Buffer, type: string): Buffer {
  const damaged = Buffer.from(png);
  const at = findPngChunk(png, type) + 8;
  damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
  return damaged;
}

describe("checkPngChunks", () => {
  test("lets a PNG pass whose checksums are right, whatever its chunks are", () => {
    expect(() => checkPngChunks(withPngChunks(PNG, GAMMA, pngChunk("prVt", Buffer.alloc(9))))).not.toThrow();
  });

  test("leaves the pixels' checksum to the decoder, as Pillow does", () => {
    expect(() => checkPngChunks(withFlippedBit(PNG, "IDAT"))).not.toThrow();
  });

  test.each([
    ["whose header has a flipped bit", withFlippedBit(PNG, "IHDR")],
    ["whose gamma has a flipped bit", withFlippedBit(withPngChunks(PNG, GAMMA), "gAMA")],
    ["whose chunk has a name of other characters", withPngChunks(PNG, pngChunk("a\0bc", Buffer.alloc(1)))],
    ["without pixels", Buffer.concat([PNG.subarray(0, 33), pngChunk("IEND", Buffer.alloc(0))])],
    ["that ends behind its header", PNG.subarray(0, 33)],
    ["that ends within its header", PNG.subarray(0, 30)],
  ])("says INVALID_IMAGE for a PNG %s", (_, bytes) => {
    expect(() => checkPngChunks(bytes)).toThrow(expect.objectContaining({ code: "INVALID_IMAGE" }));
  });

  test("says INVALID_IMAGE for a chunk that says 4 GB", () => {
    const lying = withPngChunks(PNG, GAMMA);
    lying.writeUInt32BE(0xffffffff, findPngChunk(lying, "gAMA"));
    expect(() => checkPngChunks(lying)).toThrow(expect.objectContaining({ code: "INVALID_IMAGE" }));
  });
});
