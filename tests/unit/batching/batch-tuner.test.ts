import { describe, expect, test } from "vitest";
import { BatchTuner, type BatchTunerOptions } from "../../../src/batching/batch-tuner.ts";

/** Runs take 12 ms and 3 ms for each row. */
const TIMINGS = [1, 2, 4, 8].map((rows) => ({ rows, ms: 12 + 3 * rows }));
const CUDA_SIZES = [1, 2, 4, 8, 12];

const tuner = (options: Partial<BatchTunerOptions> = {}) =>
  new BatchTuner({ timings: TIMINGS, largest: 12, lanes: 1, prepareMs: () => 0, ...options });

describe("BatchTuner", () => {
  test("allows the largest batch where there is no target, and where nothing is known", () => {
    expect(tuner().maxBatchSize).toBe(12);
    expect(tuner({ timings: [], targetLatencyMs: 1 }).maxBatchSize).toBe(12);
  });

  test.each([
    ["the run that it just missed and its own", 55, {}, 5],
    ["two milliseconds less", 53, {}, 4],
    ["half of that run where two devices take turns", 55, { lanes: 2 }, 8],
    ["its own making ready too", 55, { prepareMs: () => 12 }, 3],
    ["1 where not even that fits", 20, {}, 1],
    ["no more than the largest", 5000, {}, 12],
    ["an allowed size only", 55, { allowedSizes: CUDA_SIZES }, 4],
    ["the smallest allowed size where none fits", 20, { allowedSizes: [2, 4] }, 2],
  ])("keeps a row within the target latency, counting %s", (_, targetLatencyMs, options, expected) => {
    expect(tuner({ targetLatencyMs, ...options }).maxBatchSize).toBe(expected);
  });

  test("makes batches smaller when runs get slower, and larger again", () => {
    const tuned = tuner({ targetLatencyMs: 55 });
    for (let i = 0; i < 200; i++) tuned.runEnded({ rows: 1 + (i % 4), ms: 2 * (12 + 3 * (1 + (i % 4))) });
    expect(tuned.maxBatchSize).toBe(1);
    for (let i = 0; i < 600; i++) tuned.runEnded({ rows: 1, ms: 15 });
    expect(tuned.maxBatchSize).toBe(5);
  });

  test("pads to the next allowed size, and takes runs in with their padding", () => {
    const tuned = tuner({ allowedSizes: CUDA_SIZES });
    expect([1, 2, 3, 5, 9, 12].map((rows) => tuned.runSize(rows))).toEqual([1, 2, 4, 8, 12, 12]);
    expect(tuned.runMs(5)).toBeCloseTo(36, 9);
    for (let i = 0; i < 300; i++) tuned.runEnded({ rows: 5, ms: 72 });
    expect(tuned.runMs(8)).toBeCloseTo(72, 0);
  });

  test("pads nothing where every size is allowed", () => {
    expect(tuner().runSize(5)).toBe(5);
  });

  test("finds a wait worth what the fuller batch saves: the fixed part of a run", () => {
    expect(tuner().worthWaitMs(1)).toBeCloseTo(12, 9);
    const proportional = [1, 2, 4].map((rows) => ({ rows, ms: 10 * rows }));
    expect(tuner({ timings: proportional }).worthWaitMs(1)).toBeCloseTo(0, 9);
  });

  test("counts the padding that a fuller batch fills as saved", () => {
    const tuned = tuner({ allowedSizes: CUDA_SIZES });
    // 3 rows run as 4: a fourth costs nothing, instead of a run of 15 ms; 5 more make 8, instead of runs of 4 and 8.
    expect(tuned.worthWaitMs(3)).toBeCloseTo(24 + 36 - 36, 9);
    expect(tuned.worthWaitMs(12)).toBe(0);
  });

  test("finds every wait worth it while nothing is known", () => {
    expect(tuner({ timings: [] }).worthWaitMs(1)).toBe(Number.POSITIVE_INFINITY);
  });

  test("shows what is known of run times", () => {
    expect(tuner().runTime).toEqual({ fixedMs: expect.closeTo(12, 9), rowMs: expect.closeTo(3, 9) });
    expect(tuner({ timings: [] }).runTime).toBeUndefined();
  });
});
