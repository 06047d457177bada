import { describe, expect, test } from "vitest";
import { decodeBudget } from "../../../src/config/decode-budget.ts";

const MIB = 2 ** 20;
const UNSET = { maxDecodeBytes: undefined };
const figures = { constrainedBytes: 0, totalBytes: 1200 * MIB, residentBytes: 200 * MIB };

describe("decodeBudget", () => {
  test("is the setting, where there is one", () => {
    expect(decodeBudget({ maxDecodeBytes: 12_345 }, figures)).toBe(12_345);
  });

  test("is a share of what the machine has left, where the container has no limit", () => {
    expect(decodeBudget(UNSET, figures)).toBe(600 * MIB);
    // What Node reads of a cgroup without a limit.
    expect(decodeBudget(UNSET, { ...figures, constrainedBytes: 2 ** 64 })).toBe(600 * MIB);
  });

  test("is a share of what the container has left", () => {
    expect(decodeBudget(UNSET, { ...figures, constrainedBytes: 500 * MIB })).toBe(180 * MIB);
  });

  test("is never so little that no photograph is decoded", () => {
    expect(decodeBudget(UNSET, { ...figures, constrainedBytes: 150 * MIB })).toBe(64 * MIB);
  });
});
