import { describe, expect, test } from "vitest";
import { toClassScores } from "../../../src/signature/class-scores.ts";

/** Two places, three classes: the first place is of class 1, the second of class 2. */
const THREE = { data: [0, 1, 2, 0, 1, 3], classes: 3, height: 1, width: 2, threshold: 0 };

const numbers = (data: ArrayLike<unknown>) => Array.from(data, (value) => Number(Number(value).toFixed(5)));

describe("toClassScores", () => {
  test("is the best class of each place and its share of the softmax", () => {
    const { shape, data } = toClassScores(THREE, "softmax");
    expect(shape).toEqual([1, 2, 2]);
    const first = 1 / (1 + Math.exp(-2) + Math.exp(-1));
    const second = 1 / (1 + Math.exp(-2) + Math.exp(-3));
    expect(numbers(data)).toEqual(numbers([1, first, 2, second]));
  });

  test.each([
    ["sigmoid", [1, 1 / (1 + Math.exp(-2)), 2, 1 / (1 + Math.exp(-3))]],
    ["none", [1, 2, 2, 3]],
  ] as const)("is the class's own score under %s", (activation, expected) => {
    expect(numbers(toClassScores(THREE, activation).data)).toEqual(numbers(expected));
  });

  test("survives huge logits and NaN", () => {
    const scores = { ...THREE, data: [1000, Number.NaN, 999, Number.NaN, Number.NaN, 2] };
    expect(numbers(toClassScores(scores, "softmax").data)).toEqual(
      numbers([0, 1 / (1 + Math.exp(-1)), 2, 1]),
    );
  });

  test("is the background with its own probability where a single class is below the threshold", () => {
    const single = { data: [-2, 2], classes: 1, height: 1, width: 2, threshold: 0 };
    const share = 1 / (1 + Math.exp(-2));
    expect(numbers(toClassScores(single, "sigmoid").data)).toEqual(numbers([0, share, 1, share]));
    const shares = { ...single, data: [0.25, 0.75], threshold: 0.5 };
    expect(numbers(toClassScores(shares, "none").data)).toEqual([0, 0.75, 1, 0.75]);
  });
});
