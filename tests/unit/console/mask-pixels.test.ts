import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { classColor } from "../../../src/console/class-colors.ts";
import { classesOfColors, classShares, maskOfBytes, paintMask } from "../../../src/console/mask-pixels.ts";
import { encodeMaskPng } from "../../../src/signature/encode-mask-png.ts";

describe("classesOfColors", () => {
  test("finds every class of the server's palette again", async () => {
    const classes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const png = encodeMaskPng(classes, { height: 16, width: 16 });
    const pixels = await sharp(png).ensureAlpha().raw().toBuffer();
    expect(classesOfColors(pixels)).toEqual(classes);
  });
});

describe("maskOfBytes", () => {
  test("takes bytes as they are", () => {
    expect(maskOfBytes(Uint8Array.of(1, 2, 3, 4, 5, 6), [2, 3], "uint8")).toEqual({
      height: 2,
      width: 3,
      classes: Uint8Array.of(1, 2, 3, 4, 5, 6),
    });
  });

  test("reads two bytes for each class of many, the low one first", () => {
    const { classes } = maskOfBytes(Uint8Array.of(0, 1, 255, 0), [1, 2], "uint16");
    expect([...(classes as Uint16Array)]).toEqual([256, 255]);
  });
});

describe("classShares", () => {
  test("counts the classes, the largest first", () => {
    expect(classShares({ height: 1, width: 4, classes: [2, 0, 2, 1] })).toEqual([
      { index: 2, share: 0.5 },
      { index: 0, share: 0.25 },
      { index: 1, share: 0.25 },
    ]);
  });
});

describe("paintMask", () => {
  test("paints each class in its colour, and leaves hidden ones clear", () => {
    const pixels = paintMask({ height: 1, width: 3, classes: [0, 1, 1] }, (index) => index === 0);
    expect([...pixels]).toEqual([0, 0, 0, 0, ...classColor(1), 255, ...classColor(1), 255]);
  });
});
