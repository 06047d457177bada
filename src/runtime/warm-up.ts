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

/**
 * A size is better than another when a row costs at least this much less. The fastest of the runs of one size
 * varies by 1 to 2 % from start to start on a machine with neighbours, which must not change the choice.
 */
const WORTHWHILE = 0.03;
/** Sizes up to this are tried in any case: on a busy machine two in a row may look no better than a smaller one. */
const LEAST_TRIED = 8;
/** A run of this length is not repeated in rounds. */
const LONG_RUN_MS = 300;
/** A first run of this length is not repeated at all: what it allocates hardly counts. */
const LONG_FIRST_RUN_MS = 600;
/** Rounds over all sizes: at least three, until this much time for each size is spent on them. */
const BUDGET_MS = 150;
const MIN_ROUNDS = 3;
const MAX_ROUNDS = 20;

/**
 * Runs each batch size, so that no caller pays for first runs, and returns how long each took.
 *
 * First each size in turn, which stops after two sizes in a row that were no better than a smaller one, but not below 8:
 * on a CPU a convnet gains next to nothing past 4. Then rounds over all of them: what slows the machine down for a while
 * slows each, and does not make one look better than another.
 */
export async function measureBatchSizes(options: WarmUpOptions): Promise<BatchTiming[]> {
  const { run } = options;
  const timings = await measureOnce(options);
  const repeated = timings.filter(({ runMs }) => runMs <= LONG_RUN_MS);
  let spentMs = 0;
  for (
    let round = 0;
    round < MAX_ROUNDS && (round < MIN_ROUNDS || spentMs < BUDGET_MS * repeated.length);
    round++
  ) {
    for (const timing of repeated) {
      const runMs = await run(timing.batchSize);
      timing.runMs = Math.min(timing.runMs, runMs);
      spentMs += runMs;
    }
  }
  return timings;
}

/** A batch size, and why it was chosen, in words for people. */
export interface ChosenBatchSize {
  readonly batchSize: number;
  readonly reason: string;
}

/** Returns the smallest size whose cost for a row is within 3 % of the best measured one. */
export function bestBatchSize(timings: readonly BatchTiming[]): ChosenBatchSize {
  const [best, ...others] = [...timings].sort((one, other) => msPerRow(one) - msPerRow(other));
  if (best === undefined) return { batchSize: 1, reason: "nothing was measured" };
  const chosen = timings.find((timing) => msPerRow(timing) * (1 - WORTHWHILE) <= msPerRow(best)) ?? best;
  const cost = (timing: BatchTiming) =>
    `${msPerRow(timing).toPrecision(3)} ms in a batch of ${timing.batchSize}`;
  if (others.length === 0)
    return { batchSize: chosen.batchSize, reason: `a row takes ${cost(best)}; larger ones were not tried` };
  const reason =
    chosen === best
      ? `a row takes ${cost(best)}, the least of the sizes that were tried`
      : `a row takes ${cost(chosen)}, within ${100 * WORTHWHILE} % of the least, ${cost(best)}`;
  return { batchSize: chosen.batchSize, reason };
}

async function measureOnce({ run, batchSizes, maxRunMs = 500, stopEarly = true }: WarmUpOptions) {
  const timings: { batchSize: number; runMs: number }[] = [];
  let best = Number.POSITIVE_INFINITY;
  let noBetter = 0;
  for (const batchSize of batchSizes) {
    // The first run of a shape allocates; it is not counted, unless it is long.
    const firstMs = await run(batchSize);
    const runMs = firstMs > LONG_FIRST_RUN_MS ? firstMs : await run(batchSize);
    timings.push({ batchSize, runMs });
    const isBetter = runMs / batchSize < best * (1 - WORTHWHILE);
    noBetter = isBetter ? 0 : noBetter + 1;
    best = Math.min(best, runMs / batchSize);
    if (runMs > maxRunMs || (stopEarly && noBetter >= 2 && batchSize >= LEAST_TRIED)) break;
  }
  return timings;
}

function msPerRow({ batchSize, runMs }: BatchTiming): number {
  return runMs / batchSize;
}
