import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { isBlank } from "../../../src/image/is-blank.ts";
import { digitPng } from "../../support/digits.ts";
import { solidPng } from "../../support/solid-png.ts";

const MAX_PIXELS = 1_000_000;

/** Pixels of all colours. */
function noise(alpha: number): ReturnType<typeof sharp> {
  const raw = { width: 16, height: 16, channels: 4 } as const;
  const data = Buffer.from(
    Array.from({ length: 16 * 16 * 4 }, (_, i) => (i % 4 === 3 ? alpha : (i * 37) % 256)),
  );
  return sharp(data, { raw });
}

describe("isBlank", () => {
  test("is so of one colour, whatever the format", async () => {
    const png = solidPng(8, 8, [12, 34, 56]);
    expect(await isBlank(png, MAX_PIXELS)).toBe(true);
    expect(await isBlank(await sharp(png).jpeg().toBuffer(), MAX_PIXELS)).toBe(true);
    expect(await isBlank(await sharp(png).webp().toBuffer(), MAX_PIXELS)).toBe(true);
  });

  test("is so of what is transparent, whatever lies below", async () => {
    expect(await isBlank(await noise(0).png().toBuffer(), MAX_PIXELS)).toBe(true);
    expect(await isBlank(await noise(1).png().toBuffer(), MAX_PIXELS)).toBe(false);
  });

  test("is not so of a picture", async () => {
    expect(await isBlank(digitPng(3), MAX_PIXELS)).toBe(false);
    const almost = await sharp(solidPng(8, 8, [0, 0, 0]))
      .composite([{ input: solidPng(1, 1, [0, 0, 1]), left: 7, top: 7 }])
      .png()
      .toBuffer();
    expect(await isBlank(almost, MAX_PIXELS)).toBe(false);
  });

  test("is not so of what can't be decoded, or is too large", async () => {
    const png = solidPng(8, 8, [0, 0, 0]);
    expect(await isBlank(png.subarray(0, 50), MAX_PIXELS)).toBe(false);
    expect(await isBlank(Buffer.from("<html>"), MAX_PIXELS)).toBe(false);
    expect(await isBlank(png, 63)).toBe(false);
  });
});
