import { describe, expect, test } from "vitest";
import { retryAfterMs, retryDelayMs } from "../../../src/client/retry-delay.ts";

describe("retryAfterMs", () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5);

  test.each([
    ["0", 0],
    ["12", 12_000],
    [" 3 ", 3000],
    ["Fri, 02 Jan 2026 03:04:15 GMT", 10_000],
    ["Friday, 02-Jan-26 03:04:15 GMT", 10_000],
    ["Fri, 02 Jan 2026 03:04:00 GMT", 0],
    ["", undefined],
    ["-1", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["99999999999999999999", undefined],
    [undefined, undefined],
  ])("of %j is %j", (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});

describe("retryDelayMs", () => {
  test("doubles up to 30 s, and leaves half of it to chance", () => {
    const least = [1, 2, 3, 6, 7, 50].map((attempt) => retryDelayMs(attempt, undefined, 0));
    expect(least).toEqual([250, 500, 1000, 8000, 15_000, 15_000]);
    expect(retryDelayMs(3, undefined, 0.5)).toBe(1500);
  });

  test("is never less than what the server asked for, and not much more", () => {
    expect(retryDelayMs(1, 4000, 0)).toBe(4000);
    expect(retryDelayMs(1, 4000, 0.5)).toBe(5000);
    expect(retryDelayMs(9, 200_000, 0.5)).toBe(207_500);
  });
});
