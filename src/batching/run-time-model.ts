/** How long a run takes: `fixedMs + rowMs * rows`. Units: milliseconds; neither is below 0. */
export interface RunTimeLine {
  /** What a run costs whatever is in it. */
  readonly fixedMs: number;
  /** What each row adds. */
  readonly rowMs: number;
}

/** One run: how many rows it had, counted with padding, and how long it took. */
export interface TimedRun {
  /** Minimum: 1. */
  readonly rows: number;
  readonly ms: number;
}

/** The weight of what was seen falls by this share with each run: about the last 32 runs count. */
const FORGET = 1 / 32;
/** A run that took this many times what the latest ones did is a hiccup, and counts as this many times. */
const HICCUP = 2;
/** Runs whose median says what is usual now: two hiccups among them don't change it, three are a new level. */
const LATEST = 5;
/**
 * How firmly the shape of the first line is held, in units of the variance of `1 / rows`. It decides alone while
 * all runs have one size, and hardly counts once sizes differ: 32 runs of 1 and of 2 rows weigh 40 times as much.
 */
const SHAPE_WEIGHT = 0.05;

/**
 * The time of a run as a line over its rows, fitted to the latest runs by least squares.
 *
 * What is fitted is the cost of one row, `ms / rows = rowMs + fixedMs / rows`: the errors of large and small runs
 * then count alike. Older runs are forgotten step by step, a hiccup is cut, and where only one size is ever seen
 * the line keeps the shape that it was seeded with and moves as a whole. A run costs the same few operations
 * whatever was seen before. Has no clock.
 *
 * @see bentoml `_internal/marshal/dispatcher.py`, whose optimizer fits the same line to its last 50 batches
 */
export class RunTimeModel {
  /** Weighted sums over `x = 1 / rows` and `z = ms / rows`. */
  readonly #sums = { weight: 0, x: 0, z: 0, xx: 0, xz: 0 };
  readonly #latest: TimedRun[] = [];
  /** The line of the seeds. */
  readonly #shape: RunTimeLine | undefined;
  #line: RunTimeLine | undefined;

  /** @param seeds measured runs, such as those of the warm-up: each counts as one run, in any order. */
  constructor(seeds: readonly TimedRun[] = []) {
    for (const run of seeds) this.#add(run);
    this.#shape = this.#fit();
    this.#line = this.#shape;
  }

  /** The fitted line; undefined until a run is known. */
  get line(): RunTimeLine | undefined {
    return this.#line;
  }

  /** Returns the milliseconds that a run of `rows` is expected to take: 0 while no run is known. */
  predictMs(rows: number): number {
    return this.#line === undefined ? 0 : this.#line.fixedMs + this.#line.rowMs * rows;
  }

  /** Takes in a run that has ended. */
  observe(run: TimedRun): void {
    if (this.#latest.length === LATEST) this.#latest.shift();
    this.#latest.push(run);
    const expectedMs = this.predictMs(run.rows);
    const mostMs = expectedMs > 0 ? HICCUP * expectedMs * this.#usualRatio() : run.ms;
    this.#forget();
    this.#add({ rows: run.rows, ms: Math.min(run.ms, mostMs) });
    this.#line = this.#fit();
  }

  /** The median of the latest runs' time over what is expected of them now, and never below 1. */
  #usualRatio(): number {
    // The first runs are compared with the line alone.
    const known = Array.from({ length: LATEST - this.#latest.length }, () => 1);
    const ratios = this.#latest.map(({ rows, ms }) => ms / this.predictMs(rows));
    const median = [...known, ...ratios].sort((a, b) => a - b)[(LATEST - 1) / 2] ?? 1;
    return Math.max(1, median);
  }

  #forget(): void {
    const sums = this.#sums;
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] *= 1 - FORGET;
  }

  #add({ rows, ms }: TimedRun): void {
    const sums = this.#sums;
    const x = 1 / rows;
    const z = ms / rows;
    sums.weight += 1;
    sums.x += x;
    sums.z += z;
    sums.xx += x * x;
    sums.xz += x * z;
  }

  #fit(): RunTimeLine | undefined {
    const { weight, x, z, xx, xz } = this.#sums;
    if (weight === 0) return undefined;
    const [meanX, meanZ] = [x / weight, z / weight];
    const spread = Math.max(0, xx - weight * meanX * meanX);
    const together = xz - weight * meanX * meanZ;
    const held = this.#shape === undefined ? 0 : shapeAt(this.#shape, meanX, meanZ);
    const firmness = this.#shape === undefined ? Number.EPSILON : SHAPE_WEIGHT;
    const fixedMs = Math.max(0, (together + firmness * held) / (spread + firmness));
    const rowMs = meanZ - fixedMs * meanX;
    return rowMs >= 0 ? { fixedMs, rowMs } : { fixedMs: meanZ / meanX, rowMs: 0 };
  }
}

/** The fixed part of a line of the given shape that goes through a row's cost of `z` at `x = 1 / rows`. */
function shapeAt({ fixedMs, rowMs }: RunTimeLine, x: number, z: number): number {
  const shapeZ = rowMs + fixedMs * x;
  return shapeZ > 0 ? (fixedMs * z) / shapeZ : 0;
}
