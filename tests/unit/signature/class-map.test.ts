import { describe, expect, test } from "vitest";
import { type ScoreMap, toClassMap } from "../../../src/signature/class-map.ts";

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

describe("toClassMap", () => {
  test("gives the best class of every place, row by row", () => {
    // Three classes at [2, 2]: the best are 0, 1 / 2, 1.
    const data = [9, 0, 1, 2, 3, 4, 1, 5, 1, 2, 8, 4];
    expect(toClassMap({ classes: 3, height: 2, width: 2, data, threshold: 0 })).toEqual({
      dtype: "uint8",
      shape: [2, 2],
      data: Uint8Array.of(0, 1, 2, 1),
    });
  });

  test("gives the lowest of equal classes", () => {
    const scores = { classes: 3, height: 1, width: 1, data: [1, 1, 1], threshold: 0 };
    expect(toClassMap(scores).data).toEqual(Uint8Array.of(0));
  });

  test("never gives a class that is NaN, and 0 where all are", () => {
    const { NaN: nan } = Number;
    const data = [nan, 1, nan, -3, nan, nan, -4, 2, nan];
    expect(toClassMap({ classes: 3, height: 1, width: 3, data, threshold: 0 }).data).toEqual(
      Uint8Array.of(1, 2, 0),
    );
    expect(toClassMap(single(1, 2, [nan, 1], 0)).data).toEqual(Uint8Array.of(0, 1));
  });

  test.each([
    ["logits, above 0", 0, [0, 0, 0, 1]],
    ["probabilities, above 0.5", 0.5, [0, 0, 0, 0]],
  ])("takes a single class as foreground where it passes the threshold: %s", (_, threshold, expected) => {
    expect(toClassMap(single(2, 2, [-0.1, -2, 0, 0.4], threshold)).data).toEqual(Uint8Array.from(expected));
  });

  test.each([
    [255, "uint8"],
    [256, "uint16"],
    [300, "uint16"],
  ])("gives %d classes as %s", (classes, dtype) => {
    const map = toClassMap(oneHot(classes, 1, 2, [0, classes - 1]));
    expect(map.dtype).toBe(dtype);
    expect(Array.from(map.data, Number)).toEqual([0, classes - 1]);
  });
});
