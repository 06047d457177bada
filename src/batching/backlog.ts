export interface BacklogOptions {
  /** Returns the milliseconds that a run of so many rows is expected to take; 0 while that is not known. */
  readonly runMs: (rows: number) => number;
  readonly maxBatchSize: () => number;
  /** Batches that run at once. Minimum: 1. */
  readonly lanes: number;
  /** Milliseconds of device time that running batches have behind them. */
  readonly progressMs: () => number;
  /** Milliseconds in which one row is made ready for a batch; 0 where that is not known. */
  readonly prepareMs: () => number;
  /** Rows that are made ready at once. Minimum: 1. */
  readonly preparers: number;
}

/** What a request asks for. */
export interface Demand {
  /** Minimum: 1. */
  readonly rows: number;
  /** On the clock of `performance.now()`. */
  readonly deadlineMs: number;
}

/** A request's rows in the backlog. */
export interface BacklogEntry {
  /** One of its rows has its result, or never will. */
  rowEnded(): void;
  /** All of its rows have ended; further calls do nothing. */
  leave(): void;
}

interface Open {
  /** Rows that have not ended. */
  rows: number;
  /** Which row of all, counted from the first ever, its last one will be. */
  position: number;
  readonly deadlineMs: number;
}

/** A request is accepted when a time this much longer than expected meets its deadline: expectations are not exact. */
const SAFETY = 1.1;
/** The same for those that were accepted before. */
const KEPT_SAFETY = 1.05;

/**
 * The rows of all requests that are accepted and not yet answered, and when they will be.
 *
 * Requests take turns row by row: what is ahead of a request of `n` rows are at most `n` rows of every other, and
 * each one that comes later puts itself between its rows. So each request's position is kept and moved, and a
 * newcomer is accepted when its own deadline and everybody else's will be met. Rows pass two stages that work side
 * by side, making ready and running; the slower one sets the pace.
 */
export class Backlog {
  readonly #options: BacklogOptions;
  readonly #open = new Set<Open>();
  #rows = 0;
  /** Rows that ever ended. */
  #ended = 0;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** Rows that have not ended. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds a request. */
  enter({ rows, deadlineMs }: Demand): BacklogEntry {
    const open: Open = { rows, position: this.#ended + this.#rowsAhead(rows) + rows, deadlineMs };
    for (const other of this.#open) other.position += delayOf(other, rows);
    this.#open.add(open);
    this.#rows += rows;
    return {
      rowEnded: () => {
        if (open.rows === 0) return;
        open.rows -= 1;
        this.#rows -= 1;
        this.#ended += 1;
      },
      leave: () => {
        if (!this.#open.delete(open)) return;
        this.#rows -= open.rows;
        for (const other of this.#open) other.position -= delayOf(other, open.rows);
        open.rows = 0;
      },
    };
  }

  /**
   * Returns in how many milliseconds such a request could be accepted, if no other is before: 0 when it can be now,
   * since its deadline will be met and it makes no other request miss its own.
   *
   * Where nothing is in work the answer is 0, whatever is expected: expectations that have become too dark are put
   * right by the next run, which there must be.
   */
  waitMs({ rows, deadlineMs }: Demand): number {
    if (this.#open.size === 0) return 0;
    const nowMs = performance.now();
    let waitMs = 0;
    if (SAFETY * this.finishMs(this.#rowsAhead(rows) + rows) > deadlineMs - nowMs) {
      // The turns ahead get fewer for certain only as the whole backlog does, until nothing is in work.
      const drainedMs = SAFETY * this.finishMs(this.#rows + rows) - (deadlineMs - nowMs);
      waitMs = Math.max(1, Math.min(drainedMs, this.finishMs(this.#rows)));
    }
    // Whoever has time for everybody's rows need not be looked at.
    const everybodyMs = KEPT_SAFETY * this.finishMs(this.#rows + rows);
    for (const other of this.#open) {
      const leftMs = other.deadlineMs - nowMs;
      const delay = delayOf(other, rows);
      if (leftMs >= everybodyMs || delay === 0) continue;
      const ahead = other.position - this.#ended;
      if (KEPT_SAFETY * this.finishMs(ahead + delay) <= leftMs) continue;
      const aloneMs = this.finishMs(ahead);
      // One that will be late anyway is nobody's reason to stay away.
      if (aloneMs <= leftMs) waitMs = Math.max(waitMs, 1, aloneMs);
    }
    return waitMs;
  }

  /** Returns the milliseconds until the next `rows` rows have their results. */
  finishMs(rows: number): number {
    const { runMs, maxBatchSize, lanes, progressMs, preparers } = this.#options;
    const most = maxBatchSize();
    // The last batch is filled with rows that come behind.
    const batchMs = runMs(Math.min(Math.max(rows, this.#rows), most));
    const ranMs = Math.max(batchMs, (Math.ceil(rows / most) * batchMs) / lanes) - progressMs() / lanes;
    const prepareMs = this.#options.prepareMs();
    if (prepareMs === 0) return ranMs;
    // The last rows may be ready just after a batch closed.
    const lastMs = 2 * runMs(Math.min(rows, preparers, most));
    return Math.max(ranMs, Math.ceil(rows / preparers) * prepareMs + lastMs);
  }

  /** What runs before a newcomer has had `turns` turns: so many rows of every other, and those that run already. */
  #rowsAhead(turns: number): number {
    const { maxBatchSize, lanes } = this.#options;
    let ahead = maxBatchSize() * lanes;
    for (const { rows } of this.#open) ahead += Math.min(rows, turns);
    return Math.min(ahead, this.#rows);
  }
}

/** Rows of a newcomer that run before the last one of `open`: its first turn comes after the others' next one. */
function delayOf({ rows }: Open, newcomersRows: number): number {
  return Math.max(0, Math.min(newcomersRows, rows - 1));
}
