import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { firstTiffPage } from "../../../src/image/first-tiff-page.ts";
import { firstWebpFrame } from "../../../src/image/first-webp-frame.ts";
import { animateWebp } from "../../support/images/animations.ts";
import { writeTiff } from "../../support/images/tiff-writer.ts";

const SIZE = { height: 5, width: 4 } as const;
const STILL = await sharp({ create: { ...SIZE, channels: 3, background: "#a05028" } })
  .webp({ lossless: true })
  .toBuffer();

describe("firstWebpFrame", () => {
  test("gives the animation of the first frame alone", () => {
    const first = firstWebpFrame(animateWebp([STILL, STILL, STILL], SIZE));
    expect(Buffer.compare(first, animateWebp([STILL], SIZE))).toBe(0);
  });

  test.each([
    ["a still", STILL],
    ["an animation of one frame", animateWebp([STILL], SIZE)],
    ["an animation that is cut off", animateWebp([STILL, STILL], SIZE).subarray(0, -1)],
    ["a header alone", STILL.subarray(0, 12)],
  ])("leaves %s as it is", (_, bytes) => {
    expect(firstWebpFrame(bytes)).toBe(bytes);
  });

  test("leaves the caller's bytes as they are", () => {
    const animation = animateWebp([STILL, STILL], SIZE);
    const before = Buffer.from(animation);
    firstWebpFrame(animation);
    expect(Buffer.compare(animation, before)).toBe(0);
  });
});

describe("firstTiffPage", () => {
  const source = { ...SIZE, color: [1, 2, 3] } as const;

  test("ends the list of directories behind the first", () => {
    const pages = writeTiff({ ...source, pages: 3 });
    const still = writeTiff(source);
    const before = Buffer.from(pages);
    expect(Buffer.compare(firstTiffPage(pages).subarray(0, still.length), still)).toBe(0);
    expect(Buffer.compare(pages, before)).toBe(0);
  });

  test("leaves a TIFF of one page as it is", () => {
    const still = writeTiff(source);
    expect(firstTiffPage(still)).toBe(still);
  });
});
