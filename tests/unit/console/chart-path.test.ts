import { describe, expect, test } from "vitest";
import { chartPath, roundMaximum } from "../../../src/console/chart-path.ts";

const AREA = { width: 100, height: 50, maximum: 10, places: 5 };

describe("chartPath", () => {
  test("goes through the values, the newest at the right edge", () => {
    expect(chartPath([0, 5, 10], AREA)).toBe("M50 50L75 25L100 0");
  });

  test("leaves a gap where a value is missing, and a dot where one stands alone", () => {
    expect(chartPath([1, undefined, 2, 3, undefined], AREA)).toBe("M0 45h0M50 40L75 35");
  });

  test("stays within its area", () => {
    expect(chartPath([99], AREA)).toBe("M100 0h0");
  });

  test("is empty without values", () => {
    expect(chartPath([], AREA)).toBe("");
    expect(chartPath([undefined], AREA)).toBe("");
  });
});

describe("roundMaximum", () => {
  test.each([
    [[], 1],
    [[0.2], 1],
    [[1], 1],
    [[1.01], 2],
    [[3, undefined, 4], 5],
    [[99], 100],
    [[101], 200],
    [[5001], 10_000],
  ])("of %j is %d", (values, maximum) => {
    expect(roundMaximum(values)).toBe(maximum);
  });
});
