import { describe, expect, test } from "vitest";
import { runTimeoutMs } from "../../../src/config/run-timeout.ts";

describe("runTimeoutMs", () => {
  test.each([
    [undefined, 30_000, 60_000],
    [undefined, 1000, 60_000],
    [undefined, 300_000, 600_000],
    [0, 300_000, 0],
    [5000, 30_000, 5000],
  ])("of a setting of %s and REQUEST_TIMEOUT_MS %i is %i", (setting, requestTimeoutMs, expected) => {
    expect(runTimeoutMs({ runTimeoutMs: setting, requestTimeoutMs })).toBe(expected);
  });
});
