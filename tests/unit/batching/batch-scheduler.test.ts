import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  BatchScheduler,
  type BatchSchedulerOptions,
  type EndedRow,
} from "../../../src/batching/batch-scheduler.ts";
import { ServingError } from "../../../src/errors.ts";
import { PuppetRunner, settle } from "../../support/puppet-runner.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(options: Partial<BatchSchedulerOptions<string, string>> = {}) {
  const runner = new PuppetRunner<string>();
  const scheduler = new BatchScheduler<string, string>({
    maxBatchSize: () => 4,
    lanes: 1,
    runBatch: runner.run,
    ...options,
  });
  const openTask = ({
    deadlineInMs = 60_000,
    onRowEnded,
  }: {
    deadlineInMs?: number;
    onRowEnded?: (row: EndedRow) => void;
  } = {}) => {
    const controller = new AbortController();
    const task = scheduler.openTask({
      signal: controller.signal,
      deadlineMs: performance.now() + deadlineInMs,
      onRowEnded,
    });
    /** Outcomes by row: the result, or the error's code or message. */
    const outcomes: Record<string, string> = {};
    const enqueue = (rows: string[], group = "same") => {
      for (const row of rows) {
        task.enqueue(row, group).then(
          (result) => {
            outcomes[row] = result;
          },
          (error: unknown) => {
            outcomes[row] = error instanceof ServingError ? error.code : String((error as Error).message);
          },
        );
      }
    };
    return { enqueue, outcomes, controller };
  };
  return { runner, scheduler, openTask };
}

describe("BatchScheduler", () => {
  test("closes a batch at once when the device is idle, with the rows that came together", async () => {
    const { runner, openTask } = setUp();
    openTask().enqueue(["a1", "a2"]);
    await settle();
    expect(runner.started).toEqual([["a1", "a2"]]);
  });

  test("shares the rows that came together out among the lanes that are free", async () => {
    const { runner, openTask } = setUp({ lanes: 3, sharesRows: true });
    openTask().enqueue(["a1", "a2", "a3", "a4", "a5"]);
    await settle();
    expect(runner.started).toEqual([["a1", "a2"], ["a3", "a4"], ["a5"]]);
  });

  test("shares rows out among free lanes only, and closes no batch above the largest size", async () => {
    const { runner, openTask } = setUp({ lanes: 3, sharesRows: true, maxBatchSize: () => 2 });
    openTask().enqueue(["a1"]);
    await settle();
    openTask().enqueue(["b1", "b2", "b3", "b4", "b5", "b6"]);
    await settle();
    expect(runner.started).toEqual([["a1"], ["b1", "b2"], ["b3", "b4"]]);
  });

  test("fills one batch before another lane takes rows, when rows are not to be shared", async () => {
    const { runner, openTask } = setUp({ lanes: 2 });
    openTask().enqueue(["a1", "a2", "a3", "a4", "a5"]);
    await settle();
    expect(runner.started).toEqual([["a1", "a2", "a3", "a4"], ["a5"]]);
  });

  test("shares no rows where idle devices wait for fuller batches", async () => {
    const { runner, openTask } = setUp({ lanes: 2, sharesRows: true, batchTimeoutMicros: 1000 });
    openTask().enqueue(["a1", "a2", "a3"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(runner.started).toEqual([["a1", "a2", "a3"]]);
  });

  test("gathers rows while a batch runs and closes the next when the device becomes free", async () => {
    const { runner, openTask } = setUp();
    openTask().enqueue(["a1"]);
    await settle();
    openTask().enqueue(["b1"]);
    openTask().enqueue(["c1", "c2"]);
    await settle();
    expect(runner.started).toHaveLength(1);
    await runner.finish();
    expect(runner.started[1]).toEqual(["b1", "c1", "c2"]);
  });

  test("splits a large task over batches and lets a newcomer's row go before the rest", async () => {
    const { runner, openTask } = setUp();
    openTask().enqueue(["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"]);
    await settle();
    openTask().enqueue(["b1"]);
    await runner.finish();
    expect(runner.started).toEqual([
      ["a1", "a2", "a3", "a4"],
      ["b1", "a5", "a6", "a7"],
    ]);
    await runner.finish();
    expect(runner.started[2]).toEqual(["a8", "a9"]);
  });

  test("gives each row its own result", async () => {
    const { runner, openTask } = setUp();
    const [a, b] = [openTask(), openTask()];
    a.enqueue(["a1", "a2"]);
    b.enqueue(["b1"]);
    await settle();
    await runner.finish();
    expect(a.outcomes).toEqual({ a1: "a1", a2: "a2" });
    expect(b.outcomes).toEqual({ b1: "b1" });
  });

  test("never puts rows of different groups into one batch, and lets the groups take turns", async () => {
    const { runner, openTask } = setUp();
    const task = openTask();
    task.enqueue(["x1"], "x");
    await settle();
    task.enqueue(["x2", "x3", "x4", "x5", "x6"], "x");
    task.enqueue(["y1"], "y");
    await runner.finish();
    await runner.finish();
    await runner.finish();
    expect(runner.started).toEqual([["x1"], ["x2", "x3", "x4", "x5"], ["y1"], ["x6"]]);
  });

  test("runs as many batches at once as there are lanes", async () => {
    const { runner, scheduler, openTask } = setUp({ lanes: 2, maxBatchSize: () => 1 });
    openTask().enqueue(["a1", "a2", "a3"]);
    await settle();
    expect(runner.started).toEqual([["a1"], ["a2"]]);
    expect(scheduler.runningBatches).toBe(2);
    expect(scheduler.waitingRows).toBe(1);
  });

  test("rejects every row of a failed batch with its error and goes on with the next", async () => {
    const { runner, openTask } = setUp({ maxBatchSize: () => 2 });
    const [a, b] = [openTask(), openTask()];
    a.enqueue(["a1"]);
    b.enqueue(["b1"]);
    await settle();
    b.enqueue(["b2"]);
    await runner.finish(new Error("broke"));
    await runner.finish();
    expect(a.outcomes).toEqual({ a1: "broke" });
    expect(b.outcomes).toEqual({ b1: "broke", b2: "b2" });
  });

  test("rejects with INTERNAL when the runner gives another number of results", async () => {
    const { openTask } = setUp({ runBatch: async () => [] });
    const task = openTask();
    task.enqueue(["a1"]);
    await settle();
    expect(task.outcomes).toEqual({ a1: "INTERNAL" });
  });

  test("never runs a row whose deadline passed while it waited", async () => {
    const { runner, openTask } = setUp();
    const [first, late, patient] = [openTask(), openTask({ deadlineInMs: 100 }), openTask()];
    first.enqueue(["f1"]);
    await settle();
    late.enqueue(["l1"]);
    patient.enqueue(["p1"]);
    vi.advanceTimersByTime(100);
    await runner.finish();
    expect(runner.started).toEqual([["f1"], ["p1"]]);
    expect(late.outcomes).toEqual({ l1: "DEADLINE_EXCEEDED" });
  });

  test("drops the waiting rows of an aborted task and rejects those that run, at once", async () => {
    const { runner, scheduler, openTask } = setUp({ maxBatchSize: () => 1 });
    const [gone, other] = [openTask(), openTask()];
    gone.enqueue(["g1", "g2", "g3"]);
    other.enqueue(["o1"]);
    await settle();
    gone.controller.abort(new ServingError("CANCELLED", "the client left"));
    await settle();
    expect(gone.outcomes).toEqual({ g1: "CANCELLED", g2: "CANCELLED", g3: "CANCELLED" });
    expect(scheduler.waitingRows).toBe(1);
    await runner.finish();
    expect(runner.started).toEqual([["g1"], ["o1"]]);
  });

  test("refuses rows of a task that was aborted before", async () => {
    const { runner, openTask } = setUp();
    const task = openTask();
    task.controller.abort(new ServingError("CANCELLED", "the client left"));
    task.enqueue(["a1"]);
    await settle();
    expect(task.outcomes).toEqual({ a1: "CANCELLED" });
    expect(runner.started).toEqual([]);
  });

  test("waits on an idle device until batchTimeoutMicros after the first row", async () => {
    const { runner, openTask } = setUp({ batchTimeoutMicros: 5000 });
    openTask().enqueue(["a1"]);
    await settle();
    vi.advanceTimersByTime(3);
    openTask().enqueue(["b1"]);
    await settle();
    vi.advanceTimersByTime(1);
    await settle();
    expect(runner.started).toEqual([]);
    vi.advanceTimersByTime(1);
    await settle();
    expect(runner.started).toEqual([["a1", "b1"]]);
  });

  test("does not wait for batchTimeoutMicros when a batch is full", async () => {
    const { runner, openTask } = setUp({ batchTimeoutMicros: 5000 });
    openTask().enqueue(["a1", "a2", "a3", "a4"]);
    await settle();
    expect(runner.started).toEqual([["a1", "a2", "a3", "a4"]]);
  });

  test("waits no longer than that is worth, asked with the rows that wait", async () => {
    const asked: number[] = [];
    const worthWaitMs = (rows: number) => {
      asked.push(rows);
      return 2;
    };
    const { runner, openTask } = setUp({ batchTimeoutMicros: 5000, worthWaitMs });
    openTask().enqueue(["a1", "a2"]);
    await settle();
    expect(asked).toEqual([2]);
    vi.advanceTimersByTime(1);
    await settle();
    expect(runner.started).toEqual([]);
    vi.advanceTimersByTime(1);
    await settle();
    expect(runner.started).toEqual([["a1", "a2"]]);
  });

  test("does not wait where that is worth nothing", async () => {
    const { runner, openTask } = setUp({ batchTimeoutMicros: 5000, worthWaitMs: () => 0 });
    openTask().enqueue(["a1"]);
    await settle();
    expect(runner.started).toEqual([["a1"]]);
  });

  test("never waits without batchTimeoutMicros, whatever that is worth", async () => {
    const { runner, openTask } = setUp({ worthWaitMs: () => 1000 });
    openTask().enqueue(["a1"]);
    await settle();
    expect(runner.started).toEqual([["a1"]]);
  });

  test("tells the time that running batches have behind them, each up to what it should take", async () => {
    const { runner, scheduler, openTask } = setUp({ lanes: 2, maxBatchSize: () => 2 });
    const progressMs = () => scheduler.progressMs((rows) => 10 * rows);
    expect(progressMs()).toBe(0);
    openTask().enqueue(["a1", "a2"]);
    await settle();
    vi.advanceTimersByTime(4);
    openTask().enqueue(["b1"]);
    await settle();
    vi.advanceTimersByTime(3);
    expect(progressMs()).toBe(7 + 3);
    vi.advanceTimersByTime(100);
    expect(progressMs()).toBe(20 + 10);
    await runner.finish(new Error("broke"));
    expect(progressMs()).toBe(10);
  });

  test("tells its observer the size of each batch and how long its rows waited", async () => {
    const batches: { rows: number; queueMs: readonly number[] }[] = [];
    const { runner, openTask } = setUp({ observer: { batchClosed: (batch) => batches.push(batch) } });
    openTask().enqueue(["a1"]);
    await settle();
    openTask().enqueue(["b1"]);
    await settle();
    vi.advanceTimersByTime(7);
    await runner.finish();
    expect(batches).toEqual([
      { rows: 1, queueMs: [0] },
      { rows: 1, queueMs: [7] },
    ]);
  });

  test("tells a task of each of its rows that ended when it came and which batch took it", async () => {
    const { runner, openTask } = setUp({ maxBatchSize: () => 2 });
    const ended: EndedRow[] = [];
    const comeMs = performance.now();
    openTask({ onRowEnded: (row) => ended.push(row) }).enqueue(["a1", "a2", "a3"]);
    await settle();
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(5);
    await runner.finish();
    await runner.finish(new Error("broke"));
    expect(ended).toEqual([
      { enqueuedMs: comeMs, batch: { rows: 2, startMs: comeMs } },
      { enqueuedMs: comeMs, batch: { rows: 2, startMs: comeMs } },
      { enqueuedMs: comeMs, batch: { rows: 1, startMs: comeMs + 5 } },
    ]);
    expect(ended[1]?.batch).toBe(ended[0]?.batch);
  });

  test("tells a task that a row ended which no batch took", async () => {
    const { runner, openTask } = setUp();
    openTask().enqueue(["a1"]);
    await settle();
    const comeMs = performance.now();
    const ended: EndedRow[] = [];
    const onRowEnded = (row: EndedRow) => ended.push(row);
    const { enqueue, controller } = openTask({ onRowEnded });
    enqueue(["b1"]);
    openTask({ onRowEnded, deadlineInMs: 3 }).enqueue(["c1"]);
    vi.advanceTimersByTime(4);
    controller.abort(new Error("left"));
    await settle();
    await runner.finish();
    expect(ended).toEqual([
      { enqueuedMs: comeMs, batch: undefined },
      { enqueuedMs: comeMs, batch: undefined },
    ]);
  });
});
