import { describe, expect, test } from "vitest";
import type { ScoreMap } from "../../../src/signature/class-map.ts";
import type { RowOrigin } from "../../../src/signature/row-origin.ts";
import { toSourceMask } from "../../../src/signature/source-mask.ts";

/** Scores of one class, with a threshold. */
function single(height: number, width: number, data: readonly number[], threshold: number): ScoreMap {
  return { classes: 1, height, width, data, threshold };
}

/** A score map whose best class at each place is the one given. */
function oneHot(classes: number, height: number, width: number, best: readonly number[]): ScoreMap {
  const data = Array.from({ length: classes }, (_, channel) =>
    best.map((value) => (value === channel ? 1 : 0)),
  ).flat();
  return { classes, height, width, data, threshold: 0 };
}

/** The image was fed at its own size. */
function fedAsItIs(height: number, width: number): RowOrigin {
  const size = { height, width };
  return { source: size, resized: size, top: 0, left: 0, row: size };
}

/** Numbers from 0 to 1 that look random and are always the same. */
function noise(length: number): number[] {
  let state = 20260101;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
}

/** torch's bilinear interpolation with align_corners=False, from its definition: a tent over every place. */
function tent(target: number, targetSize: number, size: number): number[] {
  const position = Math.min(Math.max(((target + 0.5) * size) / targetSize - 0.5, 0), size - 1);
  return Array.from({ length: size }, (_, place) => Math.max(0, 1 - Math.abs(position - place)));
}

/** Interpolates all scores to the size of the source, then takes the best: slow, and another way than the code. */
function slowMask(scores: ScoreMap, height: number, width: number): number[] {
  const mask: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [rows, columns] = [tent(y, height, scores.height), tent(x, width, scores.width)];
      const means = Array.from({ length: scores.classes }, (_, channel) => {
        let mean = 0;
        rows.forEach((rowWeight, row) => {
          columns.forEach((columnWeight, column) => {
            const place = (channel * scores.height + row) * scores.width + column;
            mean += rowWeight * columnWeight * (scores.data[place] ?? Number.NaN);
          });
        });
        return mean;
      });
      mask.push(means.indexOf(Math.max(...means)));
    }
  }
  return mask;
}

describe("toSourceMask", () => {
  // What torch.nn.functional.interpolate(mode="bilinear", align_corners=False) gives, read through a threshold.
  test.each([
    ["[0, 1] to 4 is [0, 0.25, 0.75, 1]", [0, 1], 4, 0.2, [0, 1, 1, 1]],
    ["[0, 1] to 4 is [0, 0.25, 0.75, 1]", [0, 1], 4, 0.26, [0, 0, 1, 1]],
    ["[0, 1] to 4 is [0, 0.25, 0.75, 1]", [0, 1], 4, 0.76, [0, 0, 0, 1]],
    ["[0, 10, 20] to 5 is [0, 4, 10, 16, 20]", [0, 10, 20], 5, 3.9, [0, 1, 1, 1, 1]],
    ["[0, 10, 20] to 5 is [0, 4, 10, 16, 20]", [0, 10, 20], 5, 4.1, [0, 0, 1, 1, 1]],
    ["[0, 10, 20] to 5 is [0, 4, 10, 16, 20]", [0, 10, 20], 5, 15.9, [0, 0, 0, 1, 1]],
    ["[0, 10, 20] to 5 is [0, 4, 10, 16, 20]", [0, 10, 20], 5, 16.1, [0, 0, 0, 0, 1]],
    ["[0, 1, 2, 3] to 2 is [0.5, 2.5]", [0, 1, 2, 3], 2, 0.4, [1, 1]],
    ["[0, 1, 2, 3] to 2 is [0.5, 2.5]", [0, 1, 2, 3], 2, 0.6, [0, 1]],
  ])("interpolates as torch does: %s", (_, data, size, threshold, expected) => {
    const across = toSourceMask(single(1, data.length, data, threshold), fedAsItIs(1, size));
    const down = toSourceMask(single(data.length, 1, data, threshold), fedAsItIs(size, 1));
    expect(across).toEqual({ dtype: "uint8", shape: [1, size], data: Uint8Array.from(expected) });
    expect(down).toEqual({ dtype: "uint8", shape: [size, 1], data: Uint8Array.from(expected) });
  });

  test.each([
    ["to a larger image", 4, 5, 4, 13, 17],
    ["to a smaller image", 3, 9, 8, 4, 3],
    ["at a quarter of the input's size", 5, 4, 4, 16, 16],
    ["to another aspect", 3, 2, 7, 11, 5],
    ["at its own size", 3, 6, 6, 6, 6],
  ])(
    "agrees with interpolating every class first: %s",
    (_, classes, height, width, sourceHeight, sourceWidth) => {
      const scores = { classes, height, width, data: noise(classes * height * width), threshold: 0 };
      const mask = toSourceMask(scores, fedAsItIs(sourceHeight, sourceWidth));
      expect(Array.from(mask.data, Number)).toEqual(slowMask(scores, sourceHeight, sourceWidth));
    },
  );

  test("does not depend on the size in between where the whole image was resized", () => {
    const scores = { classes: 4, height: 5, width: 5, data: noise(100), threshold: 0 };
    const source = { height: 9, width: 12 };
    const square = { height: 32, width: 32 };
    const mask = toSourceMask(scores, { source, resized: square, top: 0, left: 0, row: square });
    expect(Array.from(mask.data, Number)).toEqual(slowMask(scores, 9, 12));
  });

  test("marks the pixels that a centre crop cut off with 255", () => {
    const size = { height: 4, width: 4 };
    const mask = toSourceMask(oneHot(4, 2, 2, [0, 1, 2, 3]), {
      source: size,
      resized: size,
      top: 1,
      left: 1,
      row: { height: 2, width: 2 },
    });
    expect(Array.from(mask.data, Number)).toEqual(
      [
        [255, 255, 255, 255],
        [255, 0, 1, 255],
        [255, 2, 3, 255],
        [255, 255, 255, 255],
      ].flat(),
    );
  });

  test("marks them at the source's own scale where the image was enlarged first", () => {
    // 2 x 6 becomes 4 x 12, of which columns 4 to 8 are fed: columns 2 and 3 of the source.
    const mask = toSourceMask(oneHot(2, 4, 4, [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1]), {
      source: { height: 2, width: 6 },
      resized: { height: 4, width: 12 },
      top: 0,
      left: 4,
      row: { height: 4, width: 4 },
    });
    expect(Array.from(mask.data, Number)).toEqual([255, 255, 0, 1, 255, 255, 255, 255, 0, 1, 255, 255]);
  });

  test("leaves out what a crop larger than the image had added around it", () => {
    const mask = toSourceMask(oneHot(3, 4, 4, [0, 0, 0, 0, 0, 1, 2, 0, 0, 2, 1, 0, 0, 0, 0, 0]), {
      source: { height: 2, width: 2 },
      resized: { height: 2, width: 2 },
      top: -1,
      left: -1,
      row: { height: 4, width: 4 },
    });
    expect(mask).toEqual({ dtype: "uint8", shape: [2, 2], data: Uint8Array.of(1, 2, 2, 1) });
  });

  test.each([
    [255, "uint8", 255],
    [256, "uint16", 65_535],
  ])(
    "with %d classes gives %s and marks unseen pixels with %d, which no class is",
    (classes, dtype, unseen) => {
      const mask = toSourceMask(oneHot(classes, 1, 1, [classes - 1]), {
        source: { height: 1, width: 3 },
        resized: { height: 1, width: 3 },
        top: 0,
        left: 1,
        row: { height: 1, width: 1 },
      });
      expect(mask.dtype).toBe(dtype);
      expect(Array.from(mask.data, Number)).toEqual([unseen, classes - 1, unseen]);
    },
  );
});
