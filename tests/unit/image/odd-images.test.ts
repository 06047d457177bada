import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { decodeImage } from "../../../src/image/decode.ts";
import type { Raster } from "../../../src/image/raster.ts";
import { animateWebp, repeatGifFrame } from "../../support/images/animations.ts";
import {
  exifSegment,
  JPEG_MARKERS,
  jpegSegment,
  MOST_SEGMENT_BYTES,
  withJpegSegments,
} from "../../support/images/jpeg-segments.ts";
import { findPngChunk, pngChunk, withPngChunks } from "../../support/images/png-chunk.ts";
import { writeTiff } from "../../support/images/tiff-writer.ts";
import { solidPng } from "../../support/solid-png.ts";

const SIZE = { height: 30, width: 40 } as const;
const WAVES = Buffer.alloc(30 * 40 * 3).map((_, i) => 128 + 100 * Math.sin(i / 50));
const picture = sharp(WAVES, { raw: { ...SIZE, channels: 3 } });
const JPEG = await picture.clone().jpeg().toBuffer();
/** Our own decoder leaves this one to libjpeg-turbo. */
const PROGRESSIVE = await picture.clone().jpeg({ progressive: true }).toBuffer();
const PNG = await picture.clone().png().toBuffer();
const GIF = await picture.clone().gif().toBuffer();
const WEBP = await picture.clone().webp({ lossless: true }).toBuffer();
const TIFF = await picture.clone().tiff({ compression: "deflate" }).toBuffer();

function decode(bytes: Uint8Array): Promise<Raster> {
  return decodeImage(bytes, { color: "RGB", maxImagePixels: 1_000_000 });
}

async function expectSamePixels(bytes: Uint8Array, plain: Uint8Array): Promise<void> {
  const [got, want] = [await decode(bytes), await decode(plain)];
  expect([got.height, got.width]).toEqual([want.height, want.width]);
  expect(Buffer.compare(got.data, want.data)).toBe(0);
}

/** Ten megabytes in as many segments as they need. */
function tenMegabytes(marker: number, name: string): Buffer[] {
  const content = Buffer.alloc(MOST_SEGMENT_BYTES, "x");
  content.write(name, "latin1");
  return new Array<Buffer>(Math.ceil(10_000_000 / MOST_SEGMENT_BYTES)).fill(jpegSegment(marker, content));
}

describe.each([
  ["a baseline JPEG", JPEG],
  ["a progressive JPEG", PROGRESSIVE],
])("decodeImage of %s", (_, jpeg) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])("does not turn it by EXIF orientation %i", async (orientation) => {
    await expectSamePixels(withJpegSegments(jpeg, exifSegment(orientation)), jpeg);
  });

  test.each([
    ["EXIF", tenMegabytes(JPEG_MARKERS.exif, "Exif\0\0")],
    ["ICC profile", tenMegabytes(JPEG_MARKERS.icc, "ICC_PROFILE\0")],
    ["comments", tenMegabytes(JPEG_MARKERS.comment, "a comment")],
    ["empty segments", new Array<Buffer>(1000).fill(jpegSegment(0xe5, Buffer.alloc(0)))],
  ])("steps over ten megabytes, or a thousand segments, of %s", async (_, segments) => {
    await expectSamePixels(withJpegSegments(jpeg, ...segments), jpeg);
  });

  test.each([
    ["HTML", "<!DOCTYPE html><script>alert(1)</script>"],
    ["a ZIP archive", "PK\x05\x06".padEnd(22, "\0")],
    ["another JPEG", jpeg.toString("latin1")],
  ])("does not read %s behind it", async (_, tail) => {
    await expectSamePixels(Buffer.concat([jpeg, Buffer.from(tail, "latin1")]), jpeg);
  });
});

describe("decodeImage of a PNG", () => {
  test.each([
    ["a megabyte of text", [pngChunk("tEXt", Buffer.from(`Comment\0${"x".repeat(1_000_000)}`))]],
    ["an EXIF orientation", [pngChunk("eXIf", exifSegment(6).subarray(10))]],
    ["a thousand chunks of its own", new Array<Buffer>(1000).fill(pngChunk("prVt", Buffer.alloc(3)))],
  ])("steps over %s", async (_, chunks) => {
    await expectSamePixels(withPngChunks(PNG, ...chunks), PNG);
  });

  test("does not read a ZIP archive behind it", async () => {
    await expectSamePixels(Buffer.concat([PNG, Buffer.from("PK\x05\x06".padEnd(22, "\0"))]), PNG);
  });

  test("needs no IEND chunk, as in Pillow, but all of its pixels", async () => {
    const end = findPngChunk(PNG, "IEND");
    await expectSamePixels(PNG.subarray(0, end), PNG);
    await expect(decode(PNG.subarray(0, end - 20))).rejects.toMatchObject({ code: "INVALID_IMAGE" });
  });
});

describe("decodeImage of several frames", () => {
  test.each([
    ["a GIF of 1,000 frames", repeatGifFrame(GIF, 1000), GIF],
    ["a WebP of 1,000 frames", animateWebp(new Array<Buffer>(1000).fill(WEBP), SIZE), WEBP],
    [
      "a TIFF of 100 pages",
      writeTiff({ ...SIZE, color: [9, 99, 199], pages: 100 }),
      solidPng(30, 40, [9, 99, 199]),
    ],
  ])("gives the first of %s", async (_, many, first) => {
    await expectSamePixels(many, first);
  });

  test("gives the first of a WebP whose frames differ", async () => {
    const other = await sharp(WAVES.toReversed(), { raw: { ...SIZE, channels: 3 } })
      .webp({ lossless: true })
      .toBuffer();
    await expectSamePixels(animateWebp([WEBP, other], SIZE), WEBP);
  });
});

describe("decodeImage of a small picture", () => {
  test.each(["jpeg", "png", "gif", "webp", "tiff"] as const)("decodes a %s of one pixel", async (format) => {
    const create = { width: 1, height: 1, channels: 3, background: "#808080" } as const;
    const { height, width, data } = await decode(await sharp({ create }).toFormat(format).toBuffer());
    expect({ height, width, data: [...data] }).toEqual({ height: 1, width: 1, data: [128, 128, 128] });
  });

  test.each([
    [1, 3000],
    [3000, 1],
  ])("decodes %i x %i pixels", async (height, width) => {
    await expectSamePixels(
      writeTiff({ height, width, color: [1, 2, 3] }),
      solidPng(height, width, [1, 2, 3]),
    );
  });

  test("decodes a TIFF whose tiles are all the same bytes", async () => {
    const tiled = writeTiff({ height: 70, width: 50, color: [7, 8, 9], tileEdge: 16 });
    await expectSamePixels(tiled, solidPng(70, 50, [7, 8, 9]));
  });
});

describe("decodeImage of other orientations", () => {
  test("does not turn a WebP or a PNG, and turns a TIFF, as Pillow does", async () => {
    const turned = await picture.clone().withMetadata({ orientation: 6 }).webp({ lossless: true }).toBuffer();
    expect(await decode(turned)).toMatchObject(SIZE);
    const tiff = await sharp(TIFF).withMetadata({ orientation: 6 }).tiff().toBuffer();
    expect(await decode(tiff)).toMatchObject({ height: 40, width: 30 });
  });
});
