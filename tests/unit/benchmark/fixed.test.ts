import { describe, expect, test } from "vitest";
import { fixed } from "../../../benchmark/fixed.ts";

describe("fixed", () => {
  test.each([
    [1.256, "1.26"],
    [-3, "-3.00"],
    [Number.NaN, "n/a"],
    [Number.POSITIVE_INFINITY, "n/a"],
    [undefined, "n/a"],
    // What JSON makes of NaN.
    [null, "n/a"],
  ])("writes %s as %s", (value, text) => {
    expect(fixed(value, 2)).toBe(text);
  });
});
