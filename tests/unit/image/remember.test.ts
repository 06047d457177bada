import { describe, expect, test } from "vitest";
import { remember } from "../../../src/image/remember.ts";

describe("remember", () => {
  test("makes each result once, and again when its key was used longest ago", () => {
    const made: number[] = [];
    const double = remember(
      (value: number) => {
        made.push(value);
        return value * 2;
      },
      (value) => String(value),
      2,
    );
    expect([1, 2, 1, 3, 1, 2].map(double)).toEqual([2, 4, 2, 6, 2, 4]);
    expect(made).toEqual([1, 2, 3, 2]);
  });
});
