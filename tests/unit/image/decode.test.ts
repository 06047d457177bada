import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import { decodeImage } from "../../../src/image/decode.ts";
import { headers } from "./encoded-headers.ts";

const LIMIT = 50_000_000;

const NOISE = {
  create: {
    width: 40,
    height: 30,
    channels: 3,
    background: "#000",
    noise: { type: "gaussian", mean: 128, sigma: 50 },
  },
} as const;

async function errorOf(bytes: Uint8Array, maxImagePixels = LIMIT): Promise<ServingError> {
  const thrown = await decodeImage(bytes, { color: "RGB", maxImagePixels }).then(
    () => "none",
    (error) => error,
  );
  expect(thrown).toBeInstanceOf(ServingError);
  return thrown as ServingError;
}

describe("decodeImage", () => {
  test.each([
    ["empty", "", "INVALID_IMAGE", /empty/],
    ["one byte", "\xff", "INVALID_IMAGE", /./],
    ["HTML", "<html><body>502 Bad Gateway", "INVALID_IMAGE", /HTML page/],
    ["JSON", '{"message": "Forbidden"}', "INVALID_IMAGE", /JSON text/],
    ["XML", "<Error><Code>AccessDenied", "INVALID_IMAGE", /XML document/],
    ["PDF", "%PDF-1.4", "UNSUPPORTED_FORMAT", /PDF document/],
    ["HEIC", "\0\0\0\x20ftypheic", "UNSUPPORTED_FORMAT", /HEIC/],
    ["JPEG XL", "\xff\x0a\0\0", "UNSUPPORTED_FORMAT", /JPEG XL/],
    ["SVG", "<svg xmlns='http://www.w3.org/2000/svg'/>", "UNSUPPORTED_FORMAT", /SVG image/],
    ["AVIF", "\0\0\0\x20ftypavif", "UNSUPPORTED_FORMAT", /AVIF/],
    ["ICO", "\0\0\x01\0\x01\0", "UNSUPPORTED_FORMAT", /icon/],
  ])("refuses %s and says what it looks like", async (_, head, code, looksLike) => {
    const error = await errorOf(Buffer.from(head, "latin1"));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(looksLike);
  });

  test.each(["jpeg", "png", "webp", "gif", "tiff"] as const)(
    "refuses a truncated %s and says so",
    async (format) => {
      const noise = sharp(NOISE);
      const encoder = format === "tiff" ? noise.tiff({ compression: "lzw" }) : noise.toFormat(format);
      const whole = await encoder.toBuffer();
      for (const share of [0.1, 0.5, 0.9]) {
        const error = await errorOf(whole.subarray(0, whole.length * share));
        expect(error.code).toBe("INVALID_IMAGE");
        expect(error.message).toMatch(/truncated|corrupt/);
        expect(error.message).not.toMatch(/vips|buffer/i);
      }
      expect((await errorOf(whole.subarray(0, whole.length * 0.9))).message).toMatch(/truncated/);
    },
  );

  test("refuses a BMP whose rows are missing, and takes one that lacks only padding", async () => {
    const head = headers.bmp(3, 2);
    const rows = Buffer.alloc(24, 7);
    const whole = Buffer.concat([head, rows]);
    const options = { color: "RGB", maxImagePixels: LIMIT } as const;
    await expect(decodeImage(whole.subarray(0, whole.length - 3), options)).resolves.toMatchObject({
      width: 3,
    });
    const error = await errorOf(whole.subarray(0, whole.length - 4));
    expect(error.code).toBe("INVALID_IMAGE");
    expect(error.message).toMatch(/truncated BMP/);
  });

  test("refuses a BMP whose data offset lies past the end", async () => {
    const bytes = Buffer.concat([headers.bmp(3, 2), Buffer.alloc(24)]);
    bytes.writeUInt32LE(0xfffffff0, 10);
    expect((await errorOf(bytes)).code).toBe("INVALID_IMAGE");
  });

  test.each([
    ["PNG", headers.png(65535, 65535)],
    ["JPEG", headers.jpeg(65535, 65535)],
    ["GIF", headers.gif([65535, 65535], [0, 0, 1, 1])],
    ["WebP", headers.webpVp8x(1 << 24, 1 << 24)],
    ["BMP", headers.bmp(65535, 65535)],
  ])("refuses a %s that says more than the limit before it decodes", async (_, bytes) => {
    expect((await errorOf(bytes)).code).toBe("IMAGE_TOO_LARGE");
  });

  test("refuses a one-colour PNG of a few kilobytes that is larger than the limit", async () => {
    const create = { width: 3000, height: 3000, channels: 3, background: "#123456" } as const;
    const bomb = await sharp({ create }).png().toBuffer();
    expect((await errorOf(bomb, 8_999_999)).code).toBe("IMAGE_TOO_LARGE");
    await expect(decodeImage(bomb, { color: "L", maxImagePixels: 9_000_000 })).resolves.toMatchObject({
      width: 3000,
    });
  });

  test("refuses a WebP whose canvas says less than its frame", async () => {
    const lossless = await sharp(NOISE).webp({ lossless: true }).toBuffer();
    const canvas = headers.webpVp8x(4, 3);
    const lying = Buffer.concat([canvas, lossless.subarray(12)]);
    lying.writeUInt32LE(lying.length - 8, 4);
    expect((await errorOf(lying, 100)).code).toMatch(/IMAGE_TOO_LARGE|INVALID_IMAGE/);
  });

  test("takes an image with other data behind it", async () => {
    const jpeg = await sharp(NOISE).jpeg().toBuffer();
    const tail = Buffer.from("<html>PK\x03\x04");
    const options = { color: "RGB", maxImagePixels: LIMIT } as const;
    const plain = await decodeImage(jpeg, options);
    expect(await decodeImage(Buffer.concat([jpeg, tail]), options)).toEqual(plain);
  });

  test("keeps loaders closed that are not among its formats", async () => {
    await decodeImage(await sharp(NOISE).jpeg().toBuffer(), { color: "RGB", maxImagePixels: LIMIT });
    await expect(
      sharp(Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>")).toBuffer(),
    ).rejects.toThrow();
  });
});
