export interface BacklogOptions {
  /** Returns the milliseconds that a run of so many rows is expected to take; 0 while that is not known. */
  readonly runMs: (rows: number) => number;
  readonly maxBatchSize: () => number;
  /** Batches that run at once. Minimum: 1. */
  readonly lanes: number;
  /**
   * Milliseconds that other models' batches take between two of this one's.
   *
   * @default none
   */
  readonly othersMs?: () => number;
  /** Milliseconds of device time that running batches have behind them. */
  readonly progressMs: () => number;
  /** Milliseconds in which one row is made ready for a batch; 0 where that is not known. */
  readonly prepareMs: () => number;
  /** Rows that are made ready at once. Minimum: 1. */
  readonly preparers: number;
}

/** What a request asks for. */
export interface Demand {
  /** Minimum: 1, but 0 for one whose rows come one by one. */
  readonly rows: number;
  /** On the clock of `performance.now()`. */
  readonly deadlineMs: number;
}

/** A request's rows in the backlog. */
export interface BacklogEntry {
  /** It has one row more, which is due then. */
  rowAdded(deadlineMs: number): void;
  /** One of its rows has its result, or never will. */
  rowEnded(): void;
  /** All of its rows have ended; further calls do nothing. */
  leave(): void;
}

interface Open {
  /** Rows that have not ended. */
  rows: number;
  /** None of its rows has ended: its first one may be yet to run, and goes before whoever comes later. */
  isNew: boolean;
  /** Which row of all, counted from the first ever, its last one will be. */
  position: number;
  /** Of its last row. */
  deadlineMs: number;
}

/** A request is accepted when a time this much longer than expected meets its deadline: expectations are not exact. */
const SAFETY = 1.1;
/** The same for those that were accepted before. */
const KEPT_SAFETY = 1.05;

/**
 * The rows of all requests that are accepted and not yet answered, and when they will be.
 *
 * Requests take turns row by row, as `FairQueue` gives them: what is ahead of a request of `n` rows are at most `n`
 * rows of every other, and each one that comes later puts itself between its rows, its first one before them. So each
 * request's position is kept and moved, and a newcomer is accepted when its own deadline and everybody else's will be
 * met. Rows pass two stages that work side by side, making ready and running; the slower one sets the pace.
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
    const position = this.#ended + this.#rowsAhead(rows) + rows;
    const open: Open = { rows, isNew: true, position, deadlineMs };
    for (const other of this.#open) other.position += delayOf(other, rows);
    this.#open.add(open);
    this.#rows += rows;
    return {
      rowAdded: (rowDeadlineMs) => {
        this.#add(open);
        open.deadlineMs = rowDeadlineMs;
      },
      rowEnded: () => {
        if (open.rows === 0) return;
        open.rows -= 1;
        open.isNew = false;
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
   * Where no row is in work the answer is 0, whatever is expected: expectations that have become too dark are put
   * right by the next run, which there must be.
   */
  waitMs({ rows, deadlineMs }: Demand): number {
    if (this.#rows === 0) return 0;
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
    const othersMs = this.#options.othersMs?.() ?? 0;
    const inTurnsMs = Math.ceil(rows / most) * (batchMs / lanes + othersMs);
    const ranMs = Math.max(batchMs + othersMs, inTurnsMs) - progressMs() / lanes;
    const prepareMs = this.#options.prepareMs();
    if (prepareMs === 0) return ranMs;
    // The last rows may be ready just after a batch closed.
    const lastMs = 2 * runMs(Math.min(rows, preparers, most));
    return Math.max(ranMs, Math.ceil(rows / preparers) * prepareMs + lastMs);
  }

  /** One row more: before it come as many more of the others as have one left for another turn. */
  #add(open: Open): void {
    if (open.rows === 0) open.position = this.#ended + this.#rowsAhead(1) + 1;
    for (const other of this.#open) {
      if (other === open) continue;
      if (open.rows > 0 && other.rows > open.rows) open.position += 1;
      other.position += delayOf(other, open.rows + 1) - delayOf(other, open.rows);
    }
    if (open.rows > 0) open.position += 1;
    open.rows += 1;
    this.#rows += 1;
  }

  /** What runs before a newcomer has had `turns` turns: so many rows of every other, and those that run already. */
  #rowsAhead(turns: number): number {
    const { maxBatchSize, lanes } = this.#options;
    let newcomers = 0;
    let newcomersAhead = 0;
    let othersAhead = 0;
    let othersRows = 0;
    for (const { rows, isNew } of this.#open) {
      if (isNew) {
        newcomers += 1;
        newcomersAhead += Math.min(rows, turns);
      } else {
        othersAhead += Math.min(rows, turns);
        othersRows += rows;
      }
    }
    // Every second turn is the others' while newcomers keep coming.
    othersAhead = Math.max(othersAhead, Math.min(othersRows, newcomers + 1));
    return Math.min(maxBatchSize() * lanes + newcomersAhead + othersAhead, this.#rows);
  }
}

/** Rows of a newcomer that run before the last one of `open`: each of its turns comes before the others' next one. */
function delayOf({ rows, isNew }: Open, newcomersRows: number): number {
  return Math.max(0, Math.min(newcomersRows, isNew ? rows - 1 : rows));
}
