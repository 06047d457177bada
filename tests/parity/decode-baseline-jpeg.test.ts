import { readFileSync } from "node:fs";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { decodeBaselineJpeg } from "../../src/image/decode-baseline-jpeg.ts";
import { decodeWithSharp } from "../../src/image/decode-with-sharp.ts";
import type { Raster } from "../../src/image/raster.ts";

const FIXTURES = new URL("./fixtures/images/", import.meta.url);

const encoded = fc.record({
  width: fc.integer({ min: 5, max: 70 }),
  height: fc.integer({ min: 1, max: 70 }),
  quality: fc.integer({ min: 1, max: 100 }),
  chromaSubsampling: fc.constantFrom("4:2:0", "4:4:4"),
  optimiseCoding: fc.boolean(),
  isGrey: fc.boolean(),
  noise: fc.integer({ min: 0, max: 255 }),
});

type Encoded = typeof encoded extends fc.Arbitrary<infer Value> ? Value : never;

/** Waves with noise on them. */
async function encode({ width, height, noise, isGrey, ...options }: Encoded): Promise<Buffer> {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const wave = 128 + 90 * Math.sin(x / (3 + (i % 3))) * Math.cos(y / 7);
    data[i] = Math.max(0, Math.min(255, wave + (((i * 7919) % 256) / 255 - 0.5) * noise));
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .toColourspace(isGrey ? "b-w" : "srgb")
    .jpeg(options)
    .toBuffer();
}

describe("decodeBaselineJpeg", () => {
  test("gives libjpeg-turbo's pixels, difference 0, for any size, quality and sampling", async () => {
    const property = fc.asyncProperty(encoded, async (options) => {
      const bytes = await encode(options);
      await expectSharps(decodeBaselineJpeg(bytes), bytes);
    });
    await fc.assert(property, { numRuns: 150 });
  });

  test("gives libjpeg-turbo's pixels of a corrupt file, or leaves it to libjpeg-turbo", async () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 3 });
    const property = fc.asyncProperty(encoded, flips, async (options, places) => {
      const bytes = await encode(options);
      for (const [place, bit] of places) {
        const at = place % bytes.length;
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
      }
      const raster = decodeBaselineJpeg(bytes);
      if (raster !== undefined) await expectSharps(raster, bytes);
    });
    await fc.assert(property, { numRuns: 300 });
  });

  test.each(["photo-420.jpg", "photo-422.jpg", "photo-444.jpg", "grey.jpg", "exif-rotated.jpg", "wide.jpg"])(
    "decodes %s itself",
    async (name) => {
      const bytes = readFileSync(new URL(name, FIXTURES));
      await expectSharps(decodeBaselineJpeg(bytes), bytes);
    },
  );

  test.each(["progressive.jpg", "restart-markers.jpg", "rgb-components.jpg", "cmyk.jpg", "ycck.jpg"])(
    "leaves %s to another decoder",
    (name) => {
      expect(decodeBaselineJpeg(readFileSync(new URL(name, FIXTURES)))).toBeUndefined();
    },
  );

  test("leaves a file cut off anywhere to another decoder", () => {
    const bytes = readFileSync(new URL("photo-420.jpg", FIXTURES));
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeBaselineJpeg(bytes.subarray(0, length)), `${length} bytes`).toBeUndefined();
    }
  });

  test("writes all of the memory that it is given, whatever that held", async () => {
    const bytes = readFileSync(new URL("photo-420.jpg", FIXTURES));
    const used = new Uint8Array(1_000_000).fill(85);
    const raster = decodeBaselineJpeg(bytes, (length) => used.subarray(0, length));
    expect(raster?.data.buffer).toBe(used.buffer);
    await expectSharps(raster, bytes);
  });

  test("leaves an image of too many pixels to a decoder that works line by line", async () => {
    const image = sharp({ create: { width: 4097, height: 4096, channels: 3, background: "teal" } });
    expect(decodeBaselineJpeg(await image.jpeg().toBuffer())).toBeUndefined();
  });
});

/** sharp decodes with libjpeg-turbo's code. */
async function expectSharps(raster: Raster | undefined, bytes: Buffer): Promise<void> {
  const { data, ...size } = await decodeWithSharp(bytes, "jpeg", 10_000_000);
  expect(raster).toMatchObject(size);
  expect(Buffer.compare(raster?.data ?? Buffer.alloc(0), data)).toBe(0);
}
