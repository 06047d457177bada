import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Backlog, type BacklogOptions } from "../../../src/batching/backlog.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Runs of at most 4 rows, 100 ms each whatever is in them. */
function setUp(options: Partial<BacklogOptions> = {}) {
  let progressMs = 0;
  const backlog = new Backlog({
    runMs: () => 100,
    maxBatchSize: () => 4,
    lanes: 1,
    progressMs: () => progressMs,
    prepareMs: () => 0,
    preparers: 2,
    ...options,
  });
  const demand = (rows: number, inMs: number) => ({ rows, deadlineMs: performance.now() + inMs });
  return {
    backlog,
    enter: (rows: number, inMs = 60_000) => backlog.enter(demand(rows, inMs)),
    waitMs: (rows: number, inMs: number) => backlog.waitMs(demand(rows, inMs)),
    runFor: (ms: number) => {
      progressMs = ms;
    },
  };
}

describe("Backlog", () => {
  test("expects rows in full batches, one after the other", () => {
    const { backlog } = setUp();
    expect([1, 4, 5, 12].map((rows) => backlog.finishMs(rows))).toEqual([100, 100, 200, 300]);
  });

  test("expects a share of the batches on each device, and no less than one batch", () => {
    const { backlog } = setUp({ lanes: 2 });
    expect([1, 4, 16].map((rows) => backlog.finishMs(rows))).toEqual([100, 100, 200]);
  });

  test("expects a batch of the others between two of its own, and before the first", () => {
    const { backlog } = setUp({ othersMs: () => 30 });
    expect([1, 4, 5, 12].map((rows) => backlog.finishMs(rows))).toEqual([130, 130, 260, 390]);
    const onTwo = setUp({ lanes: 2, othersMs: () => 30 }).backlog;
    expect([4, 16].map((rows) => onTwo.finishMs(rows))).toEqual([130, 320]);
  });

  test("expects the last batch to be filled with rows that come behind", () => {
    const { backlog, enter } = setUp({ runMs: (rows) => 10 * rows });
    expect(backlog.finishMs(1)).toBe(10);
    enter(6);
    expect(backlog.finishMs(1)).toBe(40);
  });

  test("subtracts what the running batch has behind it", () => {
    const { backlog, runFor } = setUp();
    runFor(60);
    expect(backlog.finishMs(8)).toBe(140);
  });

  test("expects the slower stage to set the pace", () => {
    const { backlog } = setUp({ prepareMs: () => 80, runMs: () => 10 });
    // 6 rounds of two workers, and then a batch that was just missed and its own.
    expect(backlog.finishMs(12)).toBe(6 * 80 + 20);
  });

  test("accepts anything when nothing is in work, whatever is expected", () => {
    const { waitMs, enter } = setUp({ runMs: () => 1_000_000 });
    expect(waitMs(40, 10)).toBe(0);
    enter(1).leave();
    expect(waitMs(40, 10)).toBe(0);
  });

  test("expects no time, and accepts all, while run times are not known", () => {
    const { waitMs, enter } = setUp({ runMs: () => 0 });
    enter(1000);
    expect(waitMs(1000, 1)).toBe(0);
  });

  test("accepts until the deadline would be missed, with a tenth to spare", () => {
    const { waitMs, enter } = setUp();
    for (let i = 0; i < 8; i++) enter(4);
    expect(waitMs(4, 9 * 110 + 1)).toBe(0);
    expect(waitMs(4, 9 * 110 - 2)).toBeGreaterThan(0);
  });

  test("counts of a large request ahead only the turns that it takes, and the rows that run", () => {
    const { waitMs, enter } = setUp();
    enter(400);
    // One turn of the large request, the batch that runs, its own row: 6 rows, 2 batches.
    expect(waitMs(1, 221)).toBe(0);
    expect(waitMs(1, 219)).toBeGreaterThan(0);
  });

  test("counts the first row of a newcomer before the next one of a request that was served", () => {
    const demand = { singles: 3, rows: 4, inMs: 300 };
    const [fresh, served] = [setUp(), setUp()].map((server) => {
      for (let i = 0; i < demand.singles; i++) server.enter(1);
      return { ...server, large: server.enter(demand.rows, demand.inMs) };
    });
    // Of its 3 rows that are left, 6 with what is ahead, a newcomer delays each; of an untouched one's 4 all but the first.
    served?.large.rowEnded();
    expect(served?.waitMs(3, 60_000)).toBe(200);
    expect(fresh?.waitMs(1, 60_000)).toBe(0);
  });

  test("counts that every second turn is not a newcomer's while newcomers come", () => {
    const { waitMs, enter } = setUp();
    enter(400).rowEnded();
    for (let i = 0; i < 8; i++) enter(1);
    // The batch that runs, 8 newcomers before it, 9 turns of the large one, its own row: 22 rows, 6 batches.
    expect(waitMs(1, 661)).toBe(0);
    expect(waitMs(1, 659)).toBeGreaterThan(0);
  });

  test("counts rows as they end, and forgets those of a request that left", () => {
    const { backlog, enter } = setUp();
    const first = enter(3);
    const second = enter(2);
    first.rowEnded();
    expect(backlog.rows).toBe(4);
    second.leave();
    second.leave();
    second.rowEnded();
    expect(backlog.rows).toBe(2);
    first.rowEnded();
    first.rowEnded();
    first.rowEnded();
    expect(backlog.rows).toBe(0);
  });

  test("refuses a newcomer that would make an accepted request late, and no other", () => {
    const { waitMs, enter } = setUp();
    enter(40, 1060);
    // 40 rows are 10 batches. 4 more take an 11th; 1 more as well.
    expect(waitMs(4, 60_000)).toBe(1000);
    expect(waitMs(1, 60_000)).toBe(1000);
    const other = setUp();
    other.enter(40, 11 * 105);
    expect(other.waitMs(4, 60_000)).toBe(0);
  });

  test("lets a newcomer pass by requests of one row, which it can't delay, and by those that are late anyway", () => {
    const { waitMs, enter } = setUp();
    enter(1, 101);
    enter(40, 900);
    expect(waitMs(4, 60_000)).toBe(0);
  });

  test("moves a request's position with each newcomer, and back when one leaves", () => {
    const { waitMs, enter } = setUp();
    // 8 rows, and 7 of each of the two that came later: 22, 6 batches. 7 more rows make it 8.
    enter(8, 700);
    const second = enter(40);
    enter(40);
    expect(waitMs(7, 60_000)).toBeGreaterThan(0);
    second.leave();
    expect(waitMs(7, 60_000)).toBe(0);
  });

  test.each([
    ["what the backlog has too much", 1, 1000, 1.1 * 1200 - 1000],
    ["until all is done, where it fits alone only", 40, 500, 1100],
  ])("tells as the wait %s", (_, rows, inMs, expected) => {
    const { waitMs, enter } = setUp();
    for (let i = 0; i < 44; i++) enter(1);
    expect(waitMs(rows, inMs)).toBeCloseTo(expected, 6);
  });

  test("a stream's rows count as they come, each as one of its turns", () => {
    const { backlog, enter, waitMs } = setUp({ runMs: (rows) => 100 * rows, maxBatchSize: () => 1 });
    const stream = enter(0);
    expect([backlog.rows, waitMs(1, 50)]).toEqual([0, 0]);
    for (let i = 0; i < 8; i++) stream.rowAdded(performance.now() + 60_000);
    expect(backlog.rows).toBe(8);
    stream.rowEnded();
    // One that runs and one turn of the stream's are ahead of a newcomer, not all that it has in work.
    expect(waitMs(1, 400)).toBe(0);
    expect(waitMs(1, 200)).toBeGreaterThan(0);
    for (let i = 0; i < 7; i++) stream.rowEnded();
    expect([backlog.rows, waitMs(1, 50)]).toEqual([0, 0]);
  });

  test("a stream's row is promised its time as a request's is", () => {
    const { enter, waitMs } = setUp({ runMs: (rows) => 100 * rows, maxBatchSize: () => 1 });
    const stream = enter(0);
    stream.rowAdded(performance.now() + 60_000);
    stream.rowEnded();
    stream.rowAdded(performance.now() + 150);
    expect(waitMs(1, 60_000)).toBeGreaterThan(0);
    stream.rowEnded();
    expect(waitMs(1, 60_000)).toBe(0);
  });
});
