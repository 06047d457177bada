import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { encodeMaskPng } from "../../../src/signature/encode-mask-png.ts";

/** The first colours of Pascal VOC, and that of its unseen pixels. */
const VOC = new Map([
  [0, [0, 0, 0]],
  [1, [128, 0, 0]],
  [2, [0, 128, 0]],
  [3, [128, 128, 0]],
  [4, [0, 0, 128]],
  [15, [192, 128, 128]],
  [20, [0, 64, 128]],
  [255, [224, 224, 192]],
]);

async function colors(mask: Uint8Array, height: number, width: number): Promise<number[][]> {
  const { data, info } = await sharp(encodeMaskPng(mask, { height, width }))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ height, width, channels: 3 });
  return Array.from(mask, (_, i) => [...data.subarray(3 * i, 3 * i + 3)]);
}

describe("encodeMaskPng", () => {
  test("colours classes as Pascal VOC does", async () => {
    const mask = Uint8Array.from(VOC.keys());
    expect(await colors(mask, 2, 4)).toEqual([...VOC.values()]);
  });

  test("keeps 256 numbers apart, in their places", async () => {
    const mask = Uint8Array.from({ length: 256 }, (_, i) => (i * 7) % 256);
    const seen = await colors(mask, 16, 16);
    expect(new Set(seen.map(String)).size).toBe(256);
    const again = await colors(mask.toReversed(), 16, 16);
    expect(again.toReversed()).toEqual(seen);
  });

  test("is an image of 8-bit palette numbers", async () => {
    const png = encodeMaskPng(Uint8Array.of(0, 1, 2, 255), { height: 1, width: 4 });
    expect([png[24], png[25]]).toEqual([8, 3]);
    expect(await sharp(png).metadata()).toMatchObject({ format: "png", isPalette: true });
  });
});
