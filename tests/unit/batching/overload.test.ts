import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Backlog } from "../../../src/batching/backlog.ts";
import { BatchScheduler } from "../../../src/batching/batch-scheduler.ts";
import { BatchTuner } from "../../../src/batching/batch-tuner.ts";
import { FairPermits } from "../../../src/batching/fair-permits.ts";
import { ServingError } from "../../../src/errors.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Load {
  /** Rows offered in a second. */
  readonly rowsPerSecond: number;
  /** Rows of the requests, over and over. */
  readonly sizes: readonly number[];
  readonly seconds: number;
  readonly timeoutMs: number;
  /** A run's time. */
  readonly runMs: (rows: number) => number;
  readonly maxBatchSize: number;
  /** Two workers make rows ready, each in so many milliseconds. */
  readonly prepareMs?: number;
}

type Fate = "answered" | "late" | "refused";

/** The server's way from admission to answers, on a clock that jumps from event to event. */
class SimulatedServer {
  readonly #load: Load;
  readonly #backlog: Backlog;
  readonly #scheduler: BatchScheduler<number, number>;
  readonly #workers = new FairPermits({ permits: 2 });

  constructor(load: Load) {
    const { runMs, maxBatchSize, prepareMs = 0 } = load;
    this.#load = load;
    const tuner = new BatchTuner({
      timings: [1, 2, 4, 8].map((rows) => ({ rows, ms: runMs(rows) })),
      largest: maxBatchSize,
      lanes: 1,
      prepareMs: () => prepareMs,
    });
    const scheduler = new BatchScheduler<number, number>({
      maxBatchSize: () => tuner.maxBatchSize,
      lanes: 1,
      runBatch: async (rows) => {
        const ms = runMs(rows.length);
        await sleep(ms);
        tuner.runEnded({ rows: rows.length, ms });
        return rows;
      },
    });
    this.#scheduler = scheduler;
    this.#backlog = new Backlog({
      runMs: (rows) => tuner.runMs(rows),
      maxBatchSize: () => tuner.maxBatchSize,
      lanes: 1,
      progressMs: () => scheduler.progressMs((rows) => tuner.runMs(rows)),
      prepareMs: () => prepareMs,
      preparers: 2,
    });
  }

  /** Returns 0 for a request that is accepted now, else how long it should stay away. */
  waitMs(rows: number): number {
    return this.#backlog.waitMs({ rows, deadlineMs: performance.now() + this.#load.timeoutMs });
  }

  async answer(count: number): Promise<Fate> {
    const deadlineMs = performance.now() + this.#load.timeoutMs;
    if (this.waitMs(count) > 0) return "refused";
    const held = this.#backlog.enter({ rows: count, deadlineMs });
    const task = this.#scheduler.openTask({ signal: new AbortController().signal, deadlineMs });
    const row = async (index: number) => {
      if (this.#load.prepareMs !== undefined) {
        const permit = await this.#workers.acquire(task);
        await sleep(this.#load.prepareMs);
        this.#workers.release(permit);
      }
      await task.enqueue(index, "same");
      held.rowEnded();
    };
    try {
      await Promise.all(Array.from({ length: count }, (_, index) => row(index)));
      return performance.now() <= deadlineMs ? "answered" : "late";
    } catch (error) {
      if (error instanceof ServingError && error.code === "DEADLINE_EXCEEDED") return "late";
      throw error;
    } finally {
      held.leave();
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Sends requests at a steady pace, whatever becomes of them, and returns the rows by their fate. */
async function offer(server: SimulatedServer, load: Load) {
  const rows = { answered: 0, late: 0, refused: 0 };
  let sent = 0;
  let offeredRows = 0;
  const endMs = performance.now() + 1000 * load.seconds;
  const startMs = performance.now();
  while (performance.now() < endMs) {
    const size = load.sizes[sent++ % load.sizes.length] ?? 1;
    offeredRows += size;
    void server.answer(size).then((fate) => {
      if (performance.now() <= endMs) rows[fate] += size;
      else if (fate === "late") rows.late += size;
    });
    const nextMs = startMs + (1000 * offeredRows) / load.rowsPerSecond;
    await vi.advanceTimersByTimeAsync(nextMs - performance.now());
  }
  return rows;
}

/** Batches of 8 rows, 60 ms each: 133 rows a second. */
const STEADY = {
  runMs: (rows: number) => 20 + 5 * rows,
  maxBatchSize: 8,
  seconds: 20,
  timeoutMs: 2000,
};
const CAPACITY = 8 / 0.06;

describe("Backlog", () => {
  test.each([
    ["twice the capacity, single rows", 2, [1]],
    ["twice the capacity, ten rows each", 2, [10]],
    ["twice the capacity, mixed", 2, [1, 10, 1, 40, 1, 1, 3]],
    ["ten times the capacity, mixed", 10, [1, 10, 1, 40, 1, 1, 3]],
  ])("meets every deadline that it promised and uses the device: %s", async (_, factor, sizes) => {
    const load = { ...STEADY, sizes, rowsPerSecond: factor * CAPACITY };
    const fates = await offer(new SimulatedServer(load), load);
    expect(fates.late).toBe(0);
    expect(fates.refused).toBeGreaterThan(0);
    expect(fates.answered).toBeGreaterThan(0.9 * CAPACITY * load.seconds);
  });

  test("meets its promises where making rows ready is the slower stage", async () => {
    // Two workers, 40 ms a row: 50 rows a second.
    const load = { ...STEADY, prepareMs: 40, sizes: [1, 10, 4], rowsPerSecond: 100 };
    const fates = await offer(new SimulatedServer(load), load);
    expect(fates.late).toBe(0);
    expect(fates.answered).toBeGreaterThan(0.9 * 50 * load.seconds);
  });

  test("refuses nothing below the capacity", async () => {
    const load = { ...STEADY, sizes: [1, 10, 1, 3], rowsPerSecond: 0.8 * CAPACITY };
    const fates = await offer(new SimulatedServer(load), load);
    expect(fates).toMatchObject({ late: 0, refused: 0 });
  });

  test.each([1, 10, 40])("accepts a request of %i rows after the wait that it was told", async (rows) => {
    const load = { ...STEADY, seconds: 10, sizes: [1, 10, 1, 40, 1, 1, 3], rowsPerSecond: 2 * CAPACITY };
    const server = new SimulatedServer(load);
    await offer(server, load);
    while (server.waitMs(rows) === 0) void server.answer(rows);
    const waitMs = server.waitMs(rows);
    expect(waitMs).toBeLessThan(load.timeoutMs);
    await vi.advanceTimersByTimeAsync(Math.ceil(waitMs));
    expect(server.waitMs(rows)).toBe(0);
  });
});
