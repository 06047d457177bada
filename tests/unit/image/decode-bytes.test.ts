import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { decodeBytes } from "../../../src/image/decode-bytes.ts";
import { solidPng } from "../../support/solid-png.ts";

const PIXELS = 400 * 600;
const RGB = { color: "RGB" } as const;

const picture = () => sharp({ create: { width: 600, height: 400, channels: 3, background: "#804020" } });

/** Bytes for each pixel, without what the bytes of the file take. */
const perPixel = (bytes: Buffer, spec: Parameters<typeof decodeBytes>[1] = RGB) =>
  (decodeBytes(bytes, spec, PIXELS) - 4 * bytes.length) / PIXELS;

describe("decodeBytes", () => {
  let interlaced: Buffer;
  beforeAll(async () => {
    interlaced = await picture().ensureAlpha(0.5).png({ progressive: true }).toBuffer();
  });

  test("counts a PNG's pixels once, and those of an interlaced one with what libvips holds beside them", () => {
    expect(perPixel(solidPng(400, 600, [1, 2, 3]))).toBe(3);
    expect(perPixel(interlaced)).toBe(7);
  });

  test("counts the planes of a baseline JPEG and the coefficients of a progressive one", async () => {
    expect(perPixel(await picture().jpeg().toBuffer())).toBe(9);
    expect(perPixel(await picture().jpeg({ progressive: true }).toBuffer())).toBe(9);
    expect(perPixel(await picture().toColourspace("cmyk").jpeg().toBuffer())).toBe(7);
  });

  test("counts a whole frame of the formats that are decoded at once", async () => {
    expect(perPixel(await picture().webp().toBuffer())).toBe(11);
    expect(perPixel(await picture().gif().toBuffer())).toBe(4);
    expect(perPixel(await picture().tiff().toBuffer())).toBe(10);
  });

  test("counts the copies that grey and a cut take", () => {
    const png = solidPng(400, 600, [1, 2, 3]);
    const size = { height: 10, width: 10 };
    const filter = "bilinear";
    expect(perPixel(png, { color: "L" })).toBe(4);
    expect(perPixel(png, { color: "RGB", resize: { kind: "crop", size, filter } })).toBe(
      3 + (3 * 400 * 400) / PIXELS,
    );
    expect(perPixel(png, { color: "RGB", resize: { kind: "pad", size, filter } })).toBe(
      3 + (3 * 600 * 600) / PIXELS,
    );
  });

  test("is 0 for what is refused by its first bytes or its header", () => {
    expect(decodeBytes(Buffer.from("no image"), RGB, PIXELS)).toBe(0);
    expect(decodeBytes(solidPng(400, 600, [1, 2, 3]), RGB, PIXELS - 1)).toBe(0);
    expect(decodeBytes(Buffer.from([0xff, 0xd8, 0xff, 0xe0]), RGB, PIXELS)).toBe(0);
  });

  test("takes a JPEG whose size stands megabytes on for the largest that may come", async () => {
    const jpeg = await picture().jpeg().toBuffer();
    const comment = Buffer.alloc(2 + 65_535, 0x20);
    comment.writeUInt16BE(0xfffe, 0);
    comment.writeUInt16BE(65_535, 2);
    const comments = new Array<Buffer>(70).fill(comment);
    const long = Buffer.concat([jpeg.subarray(0, 2), ...comments, jpeg.subarray(2)]);
    expect(decodeBytes(long, RGB, PIXELS)).toBe(16 * PIXELS);
  });
});
