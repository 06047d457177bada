import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DeviceTurns } from "../../../src/batching/device-turns.ts";
import type { Feed, RunOutcome } from "../../../src/runtime/session.ts";
import { createTunedBatching, type TunedBatchingOptions } from "../../../src/tuned-batching.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const row = () => ({ x: { dtype: "float32", shape: [], data: new Float32Array(1) } as const });

/** Runs are expected to take 10 ms and 5 ms for each row. */
const PLAN = {
  maxBatchSize: 8,
  maxBatchSizeReason: "",
  batchTimings: [1, 2, 4, 8].map((batchSize) => ({ batchSize, runMs: 10 + 5 * batchSize })),
};

function setUp(
  servable: Partial<TunedBatchingOptions["servable"]> = {},
  {
    imageMs = 0,
    targetLatencyMs,
    shared,
  }: { imageMs?: number; targetLatencyMs?: number; shared?: TunedBatchingOptions["shared"] } = {},
) {
  const fed: string[] = [];
  let run: Partial<RunOutcome> & { takesMs: number } = { takesMs: 0 };
  const session = {
    run: async (feed: Feed): Promise<RunOutcome> => {
      const rows = feed.kind === "rows" ? feed.rows : [feed.feeds];
      fed.push(feed.kind === "rows" ? `${rows.length} of ${feed.batchSize}` : "whole");
      vi.advanceTimersByTime(run.takesMs);
      return { rows: rows.map((outputs) => ({ outputs })), computeInferMs: 1, ...run };
    },
  };
  const batching = createTunedBatching({
    servable: { ...PLAN, ...servable },
    session,
    settings: { batchTimeoutMicros: 0, targetLatencyMs },
    metrics: { stageEnded: () => {}, batchClosed: () => {} },
    lanes: 1,
    imageWorkers: 2,
    imageMs: () => imageMs,
    ...(shared === undefined ? {} : { shared }),
  });
  const answer = async (count: number, how: typeof run) => {
    run = how;
    const task = batching.scheduler.openTask({
      signal: new AbortController().signal,
      deadlineMs: performance.now() + 60_000,
    });
    const rows = Array.from({ length: count }, () => task.enqueue({ kind: "row", row: row() }, "same"));
    await Promise.all(rows);
  };
  return { ...batching, answer, fed };
}

describe("createTunedBatching", () => {
  test("starts with what the warm-up measured", () => {
    const { tuning } = setUp();
    expect(tuning()).toEqual({
      maxBatchSize: 8,
      runTime: { fixedMs: expect.closeTo(10, 9), rowMs: expect.closeTo(5, 9) },
      expectedMs: expect.closeTo(15, 9),
    });
  });

  test("learns from the runs of batches", async () => {
    const { answer, tuning } = setUp();
    for (let i = 0; i < 200; i++) await answer(1 + (i % 8), { takesMs: 2 * (10 + 5 * (1 + (i % 8))) });
    expect(tuning().runTime).toEqual({ fixedMs: expect.closeTo(20, 0), rowMs: expect.closeTo(10, 0) });
  });

  test.each([
    ["failed", { rows: [{ error: "broke" }] }],
    ["was repeated row by row", { ranAlone: true }],
    ["had all threads to itself", { wasWide: true }],
  ])("learns nothing from a run that %s", async (_, outcome) => {
    const { answer, tuning } = setUp();
    const before = tuning();
    for (let i = 0; i < 50; i++) await answer(1, { takesMs: 500, ...outcome });
    expect(tuning()).toEqual(before);
  });

  test("does not count the wait for a lane as run time", async () => {
    const { answer, tuning } = setUp();
    const before = tuning();
    for (let i = 0; i < 50; i++) await answer(8, { takesMs: 550, waitedMs: 500 });
    expect(tuning().runTime).toEqual({
      fixedMs: expect.closeTo(before.runTime?.fixedMs ?? 0, 3),
      rowMs: expect.closeTo(before.runTime?.rowMs ?? 0, 3),
    });
  });

  test("pads batches where only some sizes are allowed, and nowhere else", async () => {
    const padded = setUp({ allowedBatchSizes: [1, 2, 4, 8] });
    await padded.answer(3, { takesMs: 30 });
    await padded.answer(13, { takesMs: 30 });
    expect(padded.fed).toEqual(["3 of 4", "8 of 8", "5 of 8"]);
    const open = setUp();
    await open.answer(3, { takesMs: 30 });
    expect(open.fed).toEqual(["3 of 3"]);
  });

  test("learns nothing from the wait for another model's batch, and expects one between its own", async () => {
    const turns = new DeviceTurns();
    const other = turns.join({ flow: {}, share: () => 1, batchMs: () => 100 });
    const { answer, tuning, fed } = setUp({}, { shared: { turns, flow: {}, share: 1 } });
    for (let i = 0; i < 50; i++) {
      const end = other.take(() => {});
      expect(tuning().expectedMs).toBeCloseTo(115, 6);
      const answered = answer(1, { takesMs: 15 });
      await Promise.resolve();
      vi.advanceTimersByTime(500);
      expect(fed).toHaveLength(i);
      end?.();
      await answered;
    }
    expect(tuning().runTime).toEqual({ fixedMs: expect.closeTo(10, 6), rowMs: expect.closeTo(5, 6) });
    expect(tuning().expectedMs).toBeCloseTo(15, 6);
  });

  test("keeps batches within the target latency", async () => {
    const { answer, fed, tuning } = setUp({}, { targetLatencyMs: 51 });
    expect(tuning().maxBatchSize).toBe(3);
    await answer(4, { takesMs: 25 });
    expect(fed).toEqual(["3 of 3", "1 of 1"]);
  });

  test("counts the images' way to a row only where there are images", () => {
    const preprocess = {} as NonNullable<TunedBatchingOptions["servable"]["preprocess"]>;
    const expectedMs = (servable: Partial<TunedBatchingOptions["servable"]>) =>
      setUp(servable, { imageMs: 400 }).tuning().expectedMs;
    expect(expectedMs({ preprocess })).toBeCloseTo(430, 6);
    expect(expectedMs({})).toBeCloseTo(15, 6);
  });
});
