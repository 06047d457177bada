import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { StageTimes } from "../../../src/observability/stage-times.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const at = (ms: number) => vi.advanceTimersByTime(ms - performance.now());

describe("StageTimes", () => {
  test("has the stages of one image, in the order of its way", () => {
    const times = new StageTimes();
    at(10);
    times.imageReady(2, { decodeMs: 3, preprocessMs: 4 });
    at(30);
    times.rowEnded({ enqueuedMs: 10, batch: { rows: 8, startMs: 16 } });
    at(31);
    times.outputReady(30);
    expect([...times]).toEqual([
      {
        stage: "compute_input",
        startMs: 2,
        endMs: 10,
        figures: { instances: 1, decode_ms: 3, preprocess_ms: 4, total_ms: 8 },
      },
      { stage: "queue", startMs: 10, endMs: 16, figures: { rows: 1, total_ms: 6 } },
      {
        stage: "compute_infer",
        startMs: 16,
        endMs: 30,
        figures: { batches: 1, max_batch_size: 8, total_ms: 14 },
      },
      { stage: "compute_output", startMs: 30, endMs: 31, figures: { answers: 1, total_ms: 1 } },
    ]);
  });

  test("merges several rows, and counts a batch that took more than one of them once", () => {
    const times = new StageTimes();
    const [first, second] = [
      { rows: 2, startMs: 4 },
      { rows: 5, startMs: 20 },
    ];
    at(20);
    times.rowEnded({ enqueuedMs: 1, batch: first });
    times.rowEnded({ enqueuedMs: 2, batch: first });
    at(50);
    times.rowEnded({ enqueuedMs: 2, batch: second });
    expect([...times]).toEqual([
      { stage: "queue", startMs: 1, endMs: 20, figures: { rows: 3, total_ms: 3 + 2 + 18 } },
      {
        stage: "compute_infer",
        startMs: 4,
        endMs: 50,
        figures: { batches: 2, max_batch_size: 5, total_ms: 16 + 30 },
      },
    ]);
  });

  test("shows how long a row waited that no batch took", () => {
    const times = new StageTimes();
    at(40);
    times.rowEnded({ enqueuedMs: 10 });
    expect([...times]).toEqual([
      { stage: "queue", startMs: 10, endMs: 40, figures: { rows: 1, total_ms: 30 } },
    ]);
  });

  test("has none of a request that came to none", () => {
    expect([...new StageTimes()]).toEqual([]);
  });
});
