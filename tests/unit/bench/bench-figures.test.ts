import { describe, expect, test } from "vitest";
import { type BenchOutcome, benchFigures, benchText } from "../../../src/bench/bench-figures.ts";
import type { TimedExchange } from "../../../src/bench/measured-load.ts";

/** Two seconds are measured, after one of warm-up. */
const MEASURED = { startMs: 1000, endMs: 3000, cpuMs: 12 };

function exchange(
  dueMs: number,
  endMs: number,
  failures: readonly string[] = [],
  startMs: number = dueMs,
): TimedExchange<BenchOutcome> {
  return { dueMs, startMs, endMs, outcome: { images: 2, failures } };
}

describe("benchFigures", () => {
  test("counts what was answered in the measured part, by shares where it cuts a request", () => {
    const exchanges = [exchange(0, 900), exchange(900, 1100), exchange(1500, 1600), exchange(2900, 3100)];
    const figures = benchFigures({ ...MEASURED, exchanges });
    // One request and two halves, of two images each.
    expect(figures.requestsPerSecond).toBeCloseTo(1, 10);
    expect(figures.imagesPerSecond).toBeCloseTo(2, 10);
    expect(figures.clientCpuMsPerImage).toBeCloseTo(3, 10);
    expect(figures.requests).toBe(2);
  });

  test("counts latency from when a request was due, of those that were answered in full", () => {
    const exchanges = [exchange(1000, 1050), exchange(1200, 1500, [], 1400), exchange(2000, 2900, ["X"])];
    const { latency, maxLateMs } = benchFigures({ ...MEASURED, exchanges });
    expect(latency).toMatchObject({ count: 2, p50Ms: 50, p99Ms: 300 });
    expect(maxLateMs).toBe(200);
  });

  test("counts images without a prediction by their code, and not as answered", () => {
    const exchanges = [
      exchange(1000, 1100, ["QUEUE_FULL", "QUEUE_FULL"]),
      exchange(1100, 1200, ["INVALID_IMAGE"]),
      exchange(100, 200, ["EARLY", "EARLY"]),
    ];
    const figures = benchFigures({ ...MEASURED, exchanges });
    expect(figures.failures).toEqual({ QUEUE_FULL: 2, INVALID_IMAGE: 1 });
    expect(figures.imagesPerSecond).toBeCloseTo(0.5, 10);
  });
});

describe("benchText", () => {
  test("names the load, what failed, and what is not told or measured", () => {
    const figures = benchFigures({ ...MEASURED, exchanges: [exchange(1000, 1100, ["QUEUE_FULL", "X"])] });
    const text = benchText({
      ...figures,
      url: "http://host/analyze:predict",
      imagesPerRequest: 2,
      load: { imagesPerSecond: 40 },
      seconds: 2,
      meanBatchRows: null,
    });
    expect(text).toContain("40 images/s at random times, 2 in a request, 2 s, http://host/analyze:predict");
    expect(text).toContain("QUEUE_FULL 1, X 1");
    expect(text).toContain("not told");
    // No image was answered in full.
    expect(text).not.toMatch(/NaN|Infinity/);
  });
});
