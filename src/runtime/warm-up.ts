/** One measured batch size. */
export interface BatchTiming {
  readonly batchSize: number;
  /** Fastest of the measured runs. */
  readonly runMs: number;
}

export interface WarmUpOptions {
  /** Runs one batch of that size and resolves with its time in milliseconds. */
  readonly run: (batchSize: number) => Promise<number>;
  /** Sizes to try, ascending. */
  readonly batchSizes: readonly number[];
  /**
   * A size must cost less than this share of the smallest cost for a row to be worth its latency.
   *
   * @default 0.95
   */
  readonly worthwhile?: number;
  /**
   * No larger size is tried after a run of this length.
   *
   * @default 500
   */
  readonly maxRunMs?: number;
}

/** Measured runs of one size: at least one, until this much time is spent. */
const BUDGET_MS = 100;
const MAX_RUNS = 5;

/**
 * Runs each batch size, so that no caller pays for first runs, and returns how long each took. Stops
 * where a larger size is not worth it: on a CPU a convnet gains next to nothing past 4.
 */
export async function measureBatchSizes(options: WarmUpOptions): Promise<BatchTiming[]> {
  const { run, batchSizes, worthwhile = 0.95, maxRunMs = 500 } = options;
  const timings: BatchTiming[] = [];
  let bestMsPerRow = Number.POSITIVE_INFINITY;
  for (const batchSize of batchSizes) {
    const runMs = await fastestRun(() => run(batchSize));
    timings.push({ batchSize, runMs });
    const msPerRow = runMs / batchSize;
    if (msPerRow > worthwhile * bestMsPerRow || runMs > maxRunMs) break;
    bestMsPerRow = msPerRow;
  }
  return timings;
}

/** Returns the smallest size whose cost for a row is within 5 % of the best measured one. */
export function bestBatchSize(timings: readonly BatchTiming[]): number {
  const msPerRow = (timing: BatchTiming) => timing.runMs / timing.batchSize;
  const best = Math.min(...timings.map(msPerRow));
  return timings.find((timing) => msPerRow(timing) <= best / 0.95)?.batchSize ?? 1;
}

async function fastestRun(run: () => Promise<number>): Promise<number> {
  // The first run of a shape allocates; it is not counted.
  let spentMs = await run();
  if (spentMs > BUDGET_MS) return spentMs;
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < MAX_RUNS && (i === 0 || spentMs < BUDGET_MS); i++) {
    const runMs = await run();
    fastestMs = Math.min(fastestMs, runMs);
    spentMs += runMs;
  }
  return fastestMs;
}
