import { describe, expect, test } from "vitest";
import { percent, toBars } from "../../../src/console/bars.ts";

const scored = (...scores: (number | null)[]) =>
  scores.map((score, index) => ({ index, label: `class ${index}`, score }));

describe("toBars", () => {
  test("sorts by score, and chooses the best", () => {
    const bars = toBars(scored(0.1, 0.7, 0.2), { most: 10 });
    expect(bars.map(({ index, isChosen }) => [index, isChosen])).toEqual([
      [1, true],
      [2, false],
      [0, false],
    ]);
  });

  test("chooses all at or above a threshold", () => {
    const bars = toBars(scored(0.5, 0.49, 0.9), { threshold: 0.5, most: 10 });
    expect(bars.map(({ index, isChosen }) => [index, isChosen])).toEqual([
      [2, true],
      [0, true],
      [1, false],
    ]);
  });

  test("leaves out what is past the most, but nothing that is chosen", () => {
    expect(toBars(scored(0.9, 0.8, 0.7, 0.1), { most: 2 }).map(({ index }) => index)).toEqual([0, 1]);
    const chosen = toBars(scored(0.9, 0.8, 0.7, 0.1), { threshold: 0.6, most: 2 });
    expect(chosen.map(({ index }) => index)).toEqual([0, 1, 2]);
  });

  test("puts what is no number last, as a bar of no length that is not chosen", () => {
    const bars = toBars(scored(null, -1, 2), { threshold: 0.5, most: 10 });
    expect(bars.map(({ index, length, isChosen }) => [index, length, isChosen])).toEqual([
      [2, 1, true],
      [1, 0, false],
      [0, 0, false],
    ]);
  });
});

describe("percent", () => {
  test.each([
    [0.973, "97.3 %"],
    [0, "0.0 %"],
    [0.0001, "< 0.1 %"],
    [0.99999, "> 99.9 %"],
    [1, "100.0 %"],
    [Number.NaN, "no number"],
  ])("of %d is %s", (score, text) => {
    expect(percent(score)).toBe(text);
  });
});
