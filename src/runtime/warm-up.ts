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
   * No larger size is tried after a run of this length.
   *
   * @default 500
   */
  readonly maxRunMs?: number;
  /**
   * Whether to stop where larger sizes are not worth it.
   *
   * @default true
   */
  readonly stopEarly?: boolean;
}

/** A size is better than another when a row costs at least this much less. */
const WORTHWHILE = 0.02;
/**
 * Measured runs of one size: at least four, until this much time is spent. The fastest of two runs of a
 * large size and of ten of a small one would make the small one look better than it is.
 */
const BUDGET_MS = 300;
const MIN_RUNS = 4;
const MAX_RUNS = 10;

/**
 * Runs each batch size, so that no caller pays for first runs, and returns how long each took. Stops after
 * two sizes in a row that were no better than a smaller one: on a CPU a convnet gains next to nothing past 4.
 */
export async function measureBatchSizes(options: WarmUpOptions): Promise<BatchTiming[]> {
  const { run, batchSizes, maxRunMs = 500, stopEarly = true } = options;
  const timings: BatchTiming[] = [];
  let best = Number.POSITIVE_INFINITY;
  let noBetter = 0;
  for (const batchSize of batchSizes) {
    const runMs = await fastestRun(() => run(batchSize));
    timings.push({ batchSize, runMs });
    const isBetter = runMs / batchSize < best * (1 - WORTHWHILE);
    noBetter = isBetter ? 0 : noBetter + 1;
    best = Math.min(best, runMs / batchSize);
    if (runMs > maxRunMs || (stopEarly && noBetter === 2)) break;
  }
  return timings;
}

/** Returns the smallest size whose cost for a row is within 2 % of the best measured one. */
export function bestBatchSize(timings: readonly BatchTiming[]): number {
  const msPerRow = (timing: BatchTiming) => timing.runMs / timing.batchSize;
  const best = Math.min(...timings.map(msPerRow));
  return timings.find((timing) => msPerRow(timing) * (1 - WORTHWHILE) <= best)?.batchSize ?? 1;
}

async function fastestRun(run: () => Promise<number>): Promise<number> {
  // The first run of a shape allocates; it is not counted, unless it is long.
  let spentMs = await run();
  if (spentMs > BUDGET_MS) return spentMs;
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < MAX_RUNS && (i < MIN_RUNS || spentMs < BUDGET_MS); i++) {
    const runMs = await run();
    fastestMs = Math.min(fastestMs, runMs);
    spentMs += runMs;
  }
  return fastestMs;
}
