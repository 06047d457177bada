import { type RunTimeLine, RunTimeModel, type TimedRun } from "./run-time-model.ts";

export interface BatchTunerOptions {
  /** Measured runs that the model of run times starts with. */
  readonly timings: readonly TimedRun[];
  /** Most rows in a run, whatever the target. Minimum: 1. */
  readonly largest: number;
  /** The sizes that a run may have, ascending, `largest` the last: fewer rows are padded. Absent: every size. */
  readonly allowedSizes?: readonly number[];
  /** Longest time that a row should take from its arrival to its result, when there is no queue. */
  readonly targetLatencyMs?: number | undefined;
  /** Batches that run at once. Minimum: 1. */
  readonly lanes: number;
  /** What a row takes before it can be in a batch; 0 where that is not known. */
  readonly prepareMs: () => number;
}

/** Decides how large a batch may be and how long it is worth waiting for, from how long runs take. */
export class BatchTuner {
  readonly #options: BatchTunerOptions;
  readonly #model: RunTimeModel;

  constructor(options: BatchTunerOptions) {
    this.#options = options;
    this.#model = new RunTimeModel(options.timings);
  }

  /** How long runs take, as it is known now; undefined until a run is known. */
  get runTime(): RunTimeLine | undefined {
    return this.#model.line;
  }

  /**
   * Most rows in a batch: the largest size whose rows meet the target. A row that comes just after a batch closed
   * waits until a device is free and then runs itself. At least 1, or the smallest allowed size.
   */
  get maxBatchSize(): number {
    const { largest, allowedSizes, targetLatencyMs, lanes, prepareMs } = this.#options;
    const line = this.#model.line;
    if (targetLatencyMs === undefined || line === undefined) return largest;
    const mostRunMs = (targetLatencyMs - prepareMs()) / (1 + 1 / lanes);
    const rows = Math.floor((mostRunMs - line.fixedMs) / line.rowMs);
    if (allowedSizes !== undefined)
      return allowedSizes.findLast((size) => size <= rows) ?? allowedSizes[0] ?? 1;
    return Math.min(largest, Math.max(1, rows));
  }

  /** Returns the rows of a run that has `rows` of its own: with padding, where only some sizes are allowed. */
  runSize(rows: number): number {
    return this.#options.allowedSizes?.find((size) => size >= rows) ?? rows;
  }

  /** Returns the milliseconds that a run of `rows` is expected to take; 0 while nothing is known. */
  runMs(rows: number): number {
    return this.#model.predictMs(this.runSize(rows));
  }

  /**
   * Returns how many milliseconds a device may idle for a fuller batch than one of `rows`: no longer than the time
   * on the device that the fuller batch saves, compared with two runs. Endless while nothing is known.
   */
  worthWaitMs(rows: number): number {
    const line = this.#model.line;
    if (line === undefined) return Number.POSITIVE_INFINITY;
    // Without padding every row that joins saves the other run's fixed part.
    if (this.#options.allowedSizes === undefined) return line.fixedMs;
    let savedMs = 0;
    for (let more = 1; rows + more <= this.maxBatchSize; more++) {
      savedMs = Math.max(savedMs, this.runMs(rows) + this.runMs(more) - this.runMs(rows + more));
    }
    return savedMs;
  }

  /** Takes in a run of `rows`, without padding, that succeeded. */
  runEnded({ rows, ms }: TimedRun): void {
    this.#model.observe({ rows: this.runSize(rows), ms });
  }
}
