import { describe, expect, test } from "vitest";
import { bestBatchSize, measureBatchSizes, type WarmUpOptions } from "../../../src/runtime/warm-up.ts";

/** Runs that take the milliseconds of the script, size by size, the last of them again and again. */
function scripted(script: Readonly<Record<number, readonly number[]>>) {
  const runs: number[] = [];
  const run = async (batchSize: number) => {
    const times = script[batchSize] ?? [];
    const done = runs.filter((size) => size === batchSize).length;
    runs.push(batchSize);
    return times[Math.min(done, times.length - 1)] ?? Number.NaN;
  };
  const measure = (options: Partial<WarmUpOptions> = {}) =>
    measureBatchSizes({ run, batchSizes: Object.keys(script).map(Number), ...options });
  return { runs, measure };
}

/** Runs whose every time is the same. */
const steady = (times: Readonly<Record<number, number>>) =>
  scripted(Object.fromEntries(Object.entries(times).map(([size, ms]) => [size, [ms]])));

describe("measureBatchSizes", () => {
  test("measures each size, in order, while a row gets cheaper", async () => {
    const { measure } = steady({ 1: 20, 2: 30, 4: 50, 8: 80 });
    expect(await measure()).toEqual([
      { batchSize: 1, runMs: 20 },
      { batchSize: 2, runMs: 30 },
      { batchSize: 4, runMs: 50 },
      { batchSize: 8, runMs: 80 },
    ]);
  });

  test("stops after two sizes in a row that are no better than a smaller one", async () => {
    const { measure } = steady({ 1: 20, 2: 30, 4: 59, 8: 117, 16: 160 });
    expect((await measure()).map(({ batchSize }) => batchSize)).toEqual([1, 2, 4, 8]);
  });

  test("passes over one size that is no better", async () => {
    const { measure } = steady({ 1: 20, 2: 40, 4: 60, 8: 119, 16: 160 });
    expect((await measure()).map(({ batchSize }) => batchSize)).toEqual([1, 2, 4, 8, 16]);
  });

  test("goes on whatever a row costs where every size is wanted", async () => {
    const { measure } = steady({ 1: 10, 2: 30, 4: 90, 8: 270 });
    expect(await measure({ stopEarly: false })).toHaveLength(4);
  });

  test("tries no larger size after a long run", async () => {
    const { measure } = steady({ 1: 400, 2: 501, 4: 600 });
    expect((await measure()).map(({ batchSize }) => batchSize)).toEqual([1, 2]);
    expect((await measure({ maxRunMs: 300 })).map(({ batchSize }) => batchSize)).toEqual([1]);
  });

  test("does not count the first run of a size, which allocates", async () => {
    const { measure } = scripted({ 1: [90, 20] });
    expect(await measure()).toEqual([{ batchSize: 1, runMs: 20 }]);
  });

  test("takes the fastest run", async () => {
    const { measure } = scripted({ 1: [9, 8, 5, 7, 6, 8] });
    expect(await measure()).toEqual([{ batchSize: 1, runMs: 5 }]);
  });

  test("runs a fast size eleven times", async () => {
    const { measure, runs } = steady({ 1: 1 });
    await measure();
    expect(runs).toHaveLength(11);
  });

  test.each([
    ["until 300 ms are spent", 50, 6],
    ["four times and the first time at least", 290, 5],
  ])("runs a size %s", async (_, runMs, count) => {
    const { measure, runs } = steady({ 1: runMs });
    await measure();
    expect(runs).toHaveLength(count);
  });

  test("runs a slow size once, and counts that run", async () => {
    const { measure, runs } = steady({ 1: 301 });
    expect(await measure()).toEqual([{ batchSize: 1, runMs: 301 }]);
    expect(runs).toHaveLength(1);
  });

  test("rejects when a run does", async () => {
    const run = async () => Promise.reject(new Error("broke"));
    await expect(measureBatchSizes({ run, batchSizes: [1] })).rejects.toThrow("broke");
  });
});

describe("bestBatchSize", () => {
  test.each([
    ["the size whose row is cheapest", [10, 16, 24], 4],
    ["the smaller of two within 2 %", [10, 16, 31.5], 2],
    ["the smallest where a larger batch gains nothing", [10, 20, 40], 1],
    ["the cheapest though a larger one was tried", [10, 12, 40], 2],
    ["one where nothing was measured", [], 1],
    ["the smallest where runs are too fast to measure", [0, 0], 1],
  ])("takes %s", (_, times, best) => {
    expect(bestBatchSize(times.map((runMs, i) => ({ batchSize: 2 ** i, runMs })))).toBe(best);
  });
});
