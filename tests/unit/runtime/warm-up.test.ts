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

  test("tries 8 rows although fewer look no better, as on a busy machine", async () => {
    const { measure } = steady({ 1: 20, 2: 40, 4: 80, 8: 160, 16: 320 });
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

  test.each([
    ["22 times where it is fast", 1, 22],
    ["until 150 ms are spent on rounds", 31, 7],
    ["five times at least", 200, 5],
    ["twice where it is slow", 301, 2],
    ["once where it is very slow", 601, 1],
  ])("runs a size %s", async (_, runMs, count) => {
    const { measure, runs } = steady({ 1: runMs });
    expect(await measure()).toEqual([{ batchSize: 1, runMs }]);
    expect(runs).toHaveLength(count);
  });

  test("goes round the sizes, so that a slow second slows all of them", async () => {
    const { measure, runs } = steady({ 1: 100, 2: 180 });
    await measure();
    expect(runs).toEqual([1, 1, 2, 2, 1, 2, 1, 2, 1, 2]);
  });

  test("repeats no run that is slow", async () => {
    const { measure, runs } = steady({ 1: 250, 2: 450 });
    await measure();
    expect(runs).toEqual([1, 1, 2, 2, 1, 1, 1]);
  });

  test("measures the same best size through noise of 2 % and a second in which all is twice as slow", async () => {
    const trueMs: Record<number, number> = { 1: 25, 2: 45.2, 4: 89.6, 8: 179, 16: 360 };
    const chosen = new Set<number>();
    for (let seed = 0; seed < 50; seed++) {
      let spentMs = 0;
      let state = seed;
      const run = async (batchSize: number) => {
        state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
        const isSlow = spentMs > 20 * seed && spentMs < 20 * seed + 1000;
        const ms = (trueMs[batchSize] ?? 0) * (1 + (0.02 * state) / 2 ** 31) * (isSlow ? 2 : 1);
        spentMs += ms;
        return ms;
      };
      chosen.add(bestBatchSize(await measureBatchSizes({ run, batchSizes: [1, 2, 4, 8, 16] })).batchSize);
    }
    expect([...chosen]).toEqual([2]);
  });

  test("rejects when a run does", async () => {
    const run = async () => Promise.reject(new Error("broke"));
    await expect(measureBatchSizes({ run, batchSizes: [1] })).rejects.toThrow("broke");
  });
});

describe("bestBatchSize", () => {
  test.each([
    ["the size whose row is cheapest", [10, 16, 24], 4, "a row takes 6.00 ms in a batch of 4, the least"],
    [
      "the smaller of two within 3 %",
      [10, 16, 31.2],
      2,
      "a row takes 8.00 ms in a batch of 2, within 3 % of the least, 7.80 ms in a batch of 4",
    ],
    ["the smallest where a larger batch gains nothing", [10, 20, 40], 1, "in a batch of 1, the least"],
    ["the cheapest though a larger one was tried", [10, 12, 40], 2, "in a batch of 2, the least"],
    ["the only one", [700], 1, "larger ones were not tried"],
    ["one where nothing was measured", [], 1, "nothing was measured"],
    ["the smallest where runs are too fast to measure", [0, 0], 1, "in a batch of 1, the least"],
  ])("takes %s, and says why", (_, times, best, reason) => {
    const chosen = bestBatchSize(times.map((runMs, i) => ({ batchSize: 2 ** i, runMs })));
    expect(chosen).toEqual({ batchSize: best, reason: expect.stringContaining(reason) });
  });
});
