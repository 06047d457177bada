import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import { decodeImage } from "../../../src/image/decode.ts";
import type { Raster } from "../../../src/image/raster.ts";
import { headers } from "./encoded-headers.ts";

const PIXEL_BYTES = 1024;
/** A file header, a BITMAPINFOHEADER and some pixels: 1,078 bytes. */
const BMP = Buffer.concat([headers.bmp(16, 16), Buffer.alloc(PIXEL_BYTES, 7)]);

/** Offsets of the headers' fields of four bytes. */
const FIELDS = { fileBytes: 2, dataOffset: 10, headerBytes: 14, width: 18, height: 22, colors: 46 } as const;

function decode(bytes: Uint8Array): Promise<Raster> {
  return decodeImage(bytes, { color: "RGB", maxImagePixels: 50_000_000 });
}

function withField(field: keyof typeof FIELDS, value: number): Buffer {
  const bytes = Buffer.from(BMP);
  bytes.writeUInt32LE(value >>> 0, FIELDS[field]);
  return bytes;
}

describe("decodeImage of a BMP", () => {
  test.each([
    ["a width of 7,000", withField("width", 7000)],
    ["a height of 7,000", withField("height", 7000)],
    ["7,000 rows from the top down", withField("height", -7000)],
    ["7,000 x 7,000 pixels", headers.bmp(7000, 7000)],
    ["pixels far behind its end", withField("dataOffset", 0xfffffff0)],
    ["a header of 4 GB", withField("headerBytes", 0xffffffff)],
    ["a palette of 4 G colours", Buffer.concat([headers.bmp(16, 16, { bits: 8, colors: 0xffffffff }), BMP])],
  ])("refuses 1,078 bytes that say %s, allocating nothing of that size", async (_, bytes) => {
    const before = process.memoryUsage().arrayBuffers;
    await expect(decode(bytes)).rejects.toMatchObject({ code: "INVALID_IMAGE" });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000);
  });

  test("takes one whose file size is a lie, which nothing depends on", async () => {
    await expect(decode(withField("fileBytes", 0xffffffff))).resolves.toMatchObject({
      height: 16,
      width: 16,
    });
  });

  test("reads the rows from the top down where the height is negative", async () => {
    const patterned = Buffer.from(BMP);
    for (let at = patterned.readUInt32LE(10); at < patterned.length; at++) patterned[at] = (at * 7) % 256;
    const turned = Buffer.from(patterned);
    turned.writeInt32LE(-16, FIELDS.height);
    const [up, down] = [await decode(patterned), await decode(turned)];
    const lines = (data: Uint8Array) =>
      Array.from({ length: 16 }, (_, y) => data.subarray(y * 48, (y + 1) * 48));
    expect(lines(down.data)).toEqual(lines(up.data).toReversed());
    expect(lines(down.data)).not.toEqual(lines(up.data));
  });

  test("answers headers of any content with pixels or a ServingError", async () => {
    const change = fc.record({
      at: fc.integer({ min: 2, max: 53 }),
      value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
    });
    const property = fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const bytes = Buffer.from(BMP);
      for (const { at, value } of changes) bytes.writeUInt8(value, at);
      const error = await decode(bytes).then(
        () => undefined,
        (thrown) => thrown,
      );
      if (error === undefined) return;
      expect(error).toBeInstanceOf(ServingError);
      expect(["INVALID_IMAGE", "UNSUPPORTED_FORMAT", "IMAGE_TOO_LARGE"]).toContain(error.code);
    });
    await fc.assert(property, { numRuns: 500 });
  });
});
