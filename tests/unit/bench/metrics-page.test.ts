import { describe, expect, test } from "vitest";
import { growth, growthOfAll } from "../../../src/bench/metrics-page.ts";

const BEFORE = new Map([
  ["runs", 1],
  ['runs{model="a"}', 10],
  ["runs_total", 5],
]);
const AFTER = new Map([
  ["runs", 2],
  ['runs{model="a"}', 30],
  ['runs{model="b"}', 4],
  ["runs_total", 500],
]);

describe("growth", () => {
  test("is that of one series; NaN where there is none", () => {
    expect(growth(BEFORE, AFTER, "runs")).toBe(1);
    expect(growth(BEFORE, AFTER, "walks")).toBeNaN();
  });
});

describe("growthOfAll", () => {
  test("adds up the series of a name, whatever their labels, and those that began meanwhile", () => {
    expect(growthOfAll(BEFORE, AFTER, "runs")).toBe(1 + 20 + 4);
    expect(growthOfAll(BEFORE, AFTER, "walks")).toBe(0);
  });
});
