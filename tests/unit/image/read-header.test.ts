import { describe, expect, test } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import { IMAGE_FORMATS, type ImageFormat } from "../../../src/image/identify.ts";
import { readHeader } from "../../../src/image/read-header.ts";
import { headers } from "./encoded-headers.ts";

const LIMIT = 50_000_000;

function codeOf(bytes: Uint8Array, format: ImageFormat, limit = LIMIT): string {
  try {
    readHeader(bytes, format, limit);
    return "none";
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ServingError);
    return (thrown as ServingError).code;
  }
}

const RGB_TIFF = [
  [258, 3, 8],
  [262, 3, 2],
  [277, 3, 3],
] as const;

const SMALL: readonly (readonly [string, ImageFormat, Buffer])[] = [
  ["PNG", "png", headers.png(7, 5)],
  ["baseline JPEG", "jpeg", headers.jpeg(7, 5)],
  ["progressive JPEG", "jpeg", headers.jpeg(7, 5, Buffer.alloc(0), 0xc2)],
  ["JPEG with fill bytes", "jpeg", headers.jpeg(7, 5, Buffer.alloc(300, 0xff))],
  [
    "JPEG with an APP segment",
    "jpeg",
    headers.jpeg(7, 5, Buffer.from([0xff, 0xe1, 0, 6, 0xff, 0xc0, 0xff, 0xd9])),
  ],
  ["JPEG with stray bytes", "jpeg", headers.jpeg(7, 5, Buffer.from([1, 2, 3, 0xff, 0, 4]))],
  ["WebP VP8", "webp", headers.webpVp8(7, 5)],
  ["WebP VP8 with scaling bits", "webp", headers.webpVp8(7 | 0x4000, 5 | 0xc000)],
  ["WebP VP8L", "webp", headers.webpVp8l(7, 5)],
  ["WebP VP8X", "webp", headers.webpVp8x(7, 5)],
  ["GIF", "gif", headers.gif([7, 5], [0, 0, 7, 5])],
  ["GIF whose frame reaches out of its screen", "gif", headers.gif([1, 1], [3, 2, 4, 3])],
  ["GIF whose frame is smaller than its screen", "gif", headers.gif([7, 5], [2, 2, 1, 1])],
  ["little-endian TIFF", "tiff", headers.tiff([[256, 3, 7], [257, 3, 5], ...RGB_TIFF])],
  ["big-endian TIFF", "tiff", headers.tiff([[256, 4, 7], [257, 4, 5], ...RGB_TIFF], false)],
  ["turned TIFF", "tiff", headers.tiff([[256, 3, 5], [257, 3, 7], [274, 3, 6], ...RGB_TIFF])],
  ["BMP", "bmp", headers.bmp(7, 5)],
  ["top-down BMP", "bmp", headers.bmp(7, -5)],
];

describe("readHeader", () => {
  test.each(SMALL)("tells height and width of a %s", (_, format, bytes) => {
    expect(readHeader(bytes, format, LIMIT)).toEqual({ height: 5, width: 7 });
  });

  test.each(SMALL)("says INVALID_IMAGE where a %s is cut off in its header", (_, format, bytes) => {
    for (let length = 0; length < 12; length++) {
      expect(codeOf(bytes.subarray(0, length), format)).toBe("INVALID_IMAGE");
    }
  });

  test.each(SMALL)("counts pixels of a %s: allows the limit, refuses one less", (_, format, bytes) => {
    expect(codeOf(bytes, format, 35)).toBe("none");
    expect(codeOf(bytes, format, 34)).toBe("IMAGE_TOO_LARGE");
  });

  test.each<[string, ImageFormat, Buffer]>([
    ["PNG of 65535 x 65535", "png", headers.png(65535, 65535)],
    ["PNG of 2^31 - 1 squared", "png", headers.png(0x7fffffff, 0x7fffffff)],
    ["JPEG of 65535 x 65535", "jpeg", headers.jpeg(65535, 65535)],
    ["GIF of 65535 x 65535", "gif", headers.gif([65535, 65535], [0, 0, 1, 1])],
    ["GIF whose frame is far out", "gif", headers.gif([1, 1], [65535, 65535, 9, 9])],
    ["WebP of 2^24 squared", "webp", headers.webpVp8x(1 << 24, 1 << 24)],
    [
      "TIFF of 2^32 - 1 squared",
      "tiff",
      headers.tiff([[256, 4, 0xffffffff], [257, 4, 0xffffffff], ...RGB_TIFF]),
    ],
    ["BMP of 2^31 - 1 squared", "bmp", headers.bmp(0x7fffffff, 0x7fffffff)],
    ["BMP of -2^31 rows", "bmp", headers.bmp(1, -0x80000000)],
  ])("says IMAGE_TOO_LARGE for a %s, allocating nothing", (_, format, bytes) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(codeOf(bytes, format)).toBe("IMAGE_TOO_LARGE");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  test.each<[string, ImageFormat, Buffer]>([
    ["PNG of 0 pixels", "png", headers.png(0, 5)],
    ["PNG of 3 bits", "png", headers.png(7, 5, 3)],
    ["PNG of color type 5", "png", headers.png(7, 5, 8, 5)],
    ["PNG whose first chunk is not IHDR", "png", Buffer.concat([headers.png(7, 5).fill("x", 12, 16)])],
    ["JPEG of 0 rows", "jpeg", headers.jpeg(7, 0)],
    ["JPEG that ends before its frame", "jpeg", headers.jpeg(7, 5, Buffer.from([0xff, 0xd9]))],
    ["JPEG whose segment has length 1", "jpeg", headers.jpeg(7, 5, Buffer.from([0xff, 0xe0, 0, 1]))],
    ["WebP of an unknown chunk", "webp", Buffer.from("RIFF\x16\0\0\0WEBPXXXX\x0a\0\0\0aaaaaaaaaa", "latin1")],
    ["GIF that ends before its frame", "gif", headers.gif([7, 5], [0, 0, 7, 5]).fill(0x3b, 19, 20)],
    ["GIF without a palette", "gif", headers.gif([7, 5], [0, 0, 7, 5]).fill(0, 10, 11).fill(0x2c, 13, 14)],
    ["TIFF without a size", "tiff", headers.tiff([[277, 3, 1]])],
    ["TIFF whose size is text", "tiff", headers.tiff([[256, 2, 7]])],
    ["BMP of negative width", "bmp", headers.bmp(-7, 5)],
    ["BMP of a header of 13 bytes", "bmp", headers.bmp(7, 5).fill(13, 14, 15)],
    ["BMP of a million colours", "bmp", headers.bmp(7, 5, { bits: 8, colors: 1_000_000 })],
  ])("says INVALID_IMAGE for a %s", (_, format, bytes) => {
    expect(codeOf(bytes, format)).toBe("INVALID_IMAGE");
  });

  test.each<[string, ImageFormat, Buffer]>([
    ["lossless JPEG", "jpeg", headers.jpeg(7, 5, Buffer.alloc(0), 0xc3)],
    ["BigTIFF", "tiff", Buffer.from("II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0", "latin1")],
    ["TIFF of floats", "tiff", headers.tiff([[256, 3, 7], [257, 3, 5], [339, 3, 3], ...RGB_TIFF])],
    ["BMP of run lengths", "bmp", headers.bmp(7, 5, { bits: 8, compression: 1 })],
    ["BMP of 2 bits", "bmp", headers.bmp(7, 5, { bits: 2 })],
  ])("says UNSUPPORTED_FORMAT for a %s", (_, format, bytes) => {
    expect(codeOf(bytes, format)).toBe("UNSUPPORTED_FORMAT");
  });

  test("ends soon on a megabyte of segments, fill bytes or GIF blocks", () => {
    const segments = headers.jpeg(7, 5, Buffer.alloc(1 << 20, Buffer.from([0xff, 0xe0, 0, 2])));
    const fill = headers.jpeg(7, 5, Buffer.alloc(1 << 20, 0xff));
    const blocks = Buffer.concat([
      headers.gif([7, 5], [0, 0, 7, 5]).subarray(0, 19),
      Buffer.alloc(1 << 20, 0x21),
    ]);
    expect(codeOf(segments, "jpeg")).toBe("INVALID_IMAGE");
    expect(codeOf(fill, "jpeg")).toBe("none");
    expect(codeOf(blocks, "gif")).toBe("INVALID_IMAGE");
  });

  test.each(IMAGE_FORMATS)("throws nothing but a ServingError on noise behind the magic of %s", (format) => {
    const [, , good] = SMALL.find(([, known]) => known === format) ??
      SMALL[0] ?? ["", format, Buffer.alloc(0)];
    for (let round = 0; round < 500; round++) {
      const noisy = Buffer.from(good);
      // A fixed sequence: the same noise on every run.
      for (let i = 0; i < 4; i++)
        noisy[8 + ((round * 31 + i * 17) % (noisy.length - 8))] = (round * 73 + i * 151) % 256;
      codeOf(noisy, format);
    }
  });
});
