import { describe, expect, test } from "vitest";
import { RunTimeModel } from "../../../src/batching/run-time-model.ts";

/** Runs of `fixedMs + rowMs * rows`, for each size. */
const line = (fixedMs: number, rowMs: number, sizes: readonly number[]) =>
  sizes.map((rows) => ({ rows, ms: fixedMs + rowMs * rows }));

/** Numbers from 0 to 1 that are the same in every run of the test: a linear congruential generator. */
function noise(): () => number {
  let state = 1;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** A model that has seen `runs`, over and over, `count` runs in all. */
function seen(
  model: RunTimeModel,
  runs: readonly { rows: number; ms: number }[],
  count: number,
): RunTimeModel {
  for (let i = 0; i < count; i++) {
    const run = runs[i % runs.length];
    if (run !== undefined) model.observe(run);
  }
  return model;
}

describe("RunTimeModel", () => {
  test("knows nothing, and expects no time, before the first run", () => {
    const model = new RunTimeModel();
    expect(model.line).toBeUndefined();
    expect(model.predictMs(8)).toBe(0);
  });

  test("gives the line of its seeds exactly", () => {
    const model = new RunTimeModel(line(12, 3, [1, 2, 4, 8]));
    expect(model.line?.fixedMs).toBeCloseTo(12, 9);
    expect(model.line?.rowMs).toBeCloseTo(3, 9);
    expect(model.predictMs(6)).toBeCloseTo(30, 9);
  });

  test("learns the line from runs alone", () => {
    const model = seen(new RunTimeModel(), line(5, 2, [1, 3, 8]), 30);
    expect(model.line?.fixedMs).toBeCloseTo(5, 6);
    expect(model.line?.rowMs).toBeCloseTo(2, 6);
  });

  test("takes all of a single size's time for its rows' where there is no seed", () => {
    const model = seen(new RunTimeModel(), [{ rows: 4, ms: 40 }], 3);
    expect(model.line).toEqual({ fixedMs: 0, rowMs: 10 });
  });

  test("finds the line within 5 % through noise of 20 %", () => {
    const model = new RunTimeModel();
    const random = noise();
    for (let i = 0; i < 500; i++) {
      const rows = 1 + (i % 8);
      model.observe({ rows, ms: (10 + 5 * rows) * (0.9 + 0.2 * random()) });
    }
    for (const rows of [1, 4, 8]) {
      expect(Math.abs(model.predictMs(rows) / (10 + 5 * rows) - 1)).toBeLessThan(0.05);
    }
  });

  test("moves by no more than 4 % for one run of a hundred times the usual time, or two", () => {
    const model = seen(new RunTimeModel(line(10, 5, [1, 2, 4])), line(10, 5, [1, 2, 4]), 60);
    model.observe({ rows: 2, ms: 2000 });
    expect(model.predictMs(2)).toBeLessThan(20 * 1.04);
    model.observe({ rows: 2, ms: 2000 });
    expect(model.predictMs(2)).toBeLessThan(20 * 1.08);
  });

  test("cuts a hiccup that is the first run after the seeds", () => {
    const model = new RunTimeModel(line(10, 5, [1, 2, 4]));
    model.observe({ rows: 1, ms: 1500 });
    expect(model.predictMs(1)).toBeLessThan(2 * 15);
  });

  test("follows a level that changed for good, up and down, within 100 runs", () => {
    const model = seen(new RunTimeModel(), line(10, 5, [1, 2, 4]), 60);
    seen(model, line(100, 50, [1, 2, 4]), 100);
    expect(model.predictMs(4)).toBeGreaterThan(300 * 0.95);
    expect(model.predictMs(4)).toBeLessThan(300 * 1.05);
    seen(model, line(10, 5, [1, 2, 4]), 100);
    expect(model.predictMs(4)).toBeLessThan(30 * 1.5);
  });

  test("has half of a tenfold level within 40 runs: it is no hiccup any more", () => {
    const model = seen(new RunTimeModel(), line(10, 5, [1, 2, 4]), 60);
    seen(model, line(100, 50, [1, 2, 4]), 40);
    expect(model.predictMs(4)).toBeGreaterThan(150);
  });

  test("keeps the seeds' shape, at the level of what is seen, where one size only is seen", () => {
    const model = seen(new RunTimeModel(line(12, 3, [1, 2, 4, 8])), [{ rows: 1, ms: 30 }], 500);
    expect(model.predictMs(1)).toBeCloseTo(30, 3);
    expect(model.line?.fixedMs).toBeCloseTo(24, 1);
    expect(model.line?.rowMs).toBeCloseTo(6, 1);
  });

  test("gives the seeds' shape up once sizes differ", () => {
    const model = seen(new RunTimeModel(line(12, 3, [1, 2, 4, 8])), line(2, 13, [1, 2]), 300);
    expect(model.predictMs(1)).toBeCloseTo(15, 0);
    expect(model.predictMs(2)).toBeCloseTo(28, 0);
  });

  test.each([
    [
      "a larger run was faster",
      [
        { rows: 1, ms: 20 },
        { rows: 8, ms: 10 },
      ],
    ],
    [
      "rows get dearer",
      [
        { rows: 1, ms: 1 },
        { rows: 8, ms: 80 },
      ],
    ],
    [
      "runs take no time",
      [
        { rows: 1, ms: 0 },
        { rows: 8, ms: 0 },
      ],
    ],
  ])("has no negative part and no NaN where %s", (_, runs) => {
    const { line: fitted } = seen(new RunTimeModel(runs), runs, 20);
    expect(fitted?.fixedMs).toBeGreaterThanOrEqual(0);
    expect(fitted?.rowMs).toBeGreaterThanOrEqual(0);
  });
});
