import { describe, expect, test } from "vitest";
import { FILTERS } from "../../../src/image/preprocess-spec.ts";
import type { Raster } from "../../../src/image/raster.ts";
import { resample } from "../../../src/image/resample.ts";

const IMAGE: Raster = {
  height: 9,
  width: 7,
  channels: 3,
  data: Uint8Array.from({ length: 189 }, (_, i) => (i * 89) % 256),
};

describe("resample", () => {
  test.each(FILTERS)("returns the raster itself when %s has nothing to do", (filter) => {
    expect(resample(IMAGE, IMAGE, filter)).toBe(IMAGE);
  });

  test.each(FILTERS)("keeps a plane of one colour with %s, up and down", (filter) => {
    const plane: Raster = { ...IMAGE, data: new Uint8Array(189).fill(201) };
    for (const size of [
      { height: 3, width: 30 },
      { height: 40, width: 2 },
    ]) {
      expect(new Set(resample(plane, size, filter).data)).toEqual(new Set([201]));
    }
  });

  test.each([1, 3] as const)(
    "computes the same pixels of an image with %i channels that is copied in by parts",
    (channels) => {
      const [height, width] = [2003, 4001 / (channels === 1 ? 1 : 3)].map(Math.trunc) as [number, number];
      const data = Uint8Array.from(
        { length: height * width * channels },
        (_, i) => (i * 89 + (i >> 9)) % 256,
      );
      const large: Raster = { height, width, channels, data };
      const size = { height: 21, width: 13 };
      const whole = resample(large, size, "bilinear");
      for (let top = 0; top < size.height; top++) {
        // A line of the result reads few enough lines to be held in one piece.
        const line = resample(large, size, "bilinear", { window: { top, left: 0, height: 1, width: 13 } });
        const row = 13 * channels;
        expect(line.data).toEqual(whole.data.slice(top * row, (top + 1) * row));
      }
    },
  );

  test.each(FILTERS)("computes the same pixels with %s when only a window is wanted", (filter) => {
    for (const size of [
      { height: 20, width: 5 },
      { height: 4, width: 7 },
      { height: 9, width: 15 },
    ]) {
      const whole = resample(IMAGE, size, filter);
      const window = { top: 1, left: 2, height: size.height - 2, width: size.width - 3 };
      const part = resample(IMAGE, size, filter, { window });
      expect(part).toMatchObject({ height: window.height, width: window.width });
      for (let y = 0; y < window.height; y++) {
        const from = ((window.top + y) * size.width + window.left) * 3;
        const row = y * window.width * 3;
        expect(part.data.slice(row, row + window.width * 3)).toEqual(
          whole.data.slice(from, from + window.width * 3),
        );
      }
    }
  });

  test("does as much work for a window of a huge resize as for the window", () => {
    const thin: Raster = { height: 1, width: 30000, channels: 1, data: new Uint8Array(30000).fill(7) };
    const window = { top: 16, left: 3_839_888, height: 224, width: 224 };
    const part = resample(thin, { height: 256, width: 7_680_000 }, "bilinear", { window });
    expect(new Set(part.data)).toEqual(new Set([7]));
  });

  test("says IMAGE_TOO_LARGE where the weights of one edge would fill the memory", () => {
    const line: Raster = { height: 1, width: 20_000_000, channels: 1, data: new Uint8Array(20_000_000) };
    expect(() => resample(line, { height: 1, width: 224 }, "lanczos")).toThrow(
      expect.objectContaining({ code: "IMAGE_TOO_LARGE" }),
    );
  });

  test.each([
    ["a box outside", { height: 3, width: 3 }, { box: { left: 0, top: 0, right: 8, bottom: 9 } }],
    ["an empty box", { height: 3, width: 3 }, { box: { left: 2, top: 0, right: 2, bottom: 9 } }],
    ["a window outside", { height: 3, width: 3 }, { window: { top: 0, left: 1, height: 3, width: 3 } }],
    ["a size of zero", { height: 0, width: 3 }, {}],
    ["a fraction of a pixel", { height: 2.5, width: 3 }, {}],
  ])("says INTERNAL for %s", (_, size, options) => {
    expect(() => resample(IMAGE, size, "bilinear", options)).toThrow(
      expect.objectContaining({ code: "INTERNAL" }),
    );
  });
});
