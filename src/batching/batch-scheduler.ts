import PQueue from "p-queue";
import { ServingError } from "../errors.ts";
import type { EndTurn, TurnTaker } from "./device-turns.ts";
import { FairQueue } from "./fair-queue.ts";

/** What the scheduler tells about a batch when it closes; all times in milliseconds. */
export interface BatchObserver {
  batchClosed(batch: { readonly rows: number; readonly queueMs: readonly number[] }): void;
}

export interface BatchSchedulerOptions<Row, Result> {
  /** Most rows in one batch. Minimum: 1. Read whenever a batch closes, so it may change. */
  readonly maxBatchSize: () => number;
  /**
   * How long an idle device waits for a fuller batch, counted from the arrival of the oldest waiting row.
   * With 0 a batch closes as soon as the device is free.
   *
   * @default 0
   */
  readonly batchTimeoutMicros?: number;
  /**
   * Returns the milliseconds that a device may idle for a fuller batch than one of `rows`, which shortens
   * `batchTimeoutMicros`.
   *
   * @default endless
   */
  readonly worthWaitMs?: (rows: number) => number;
  /** Batches that run at once: one for each lane. Minimum: 1. */
  readonly lanes: number;
  /**
   * Shares waiting rows out among the lanes that are free, rather than to fill one and leave others idle. Never
   * where `batchTimeoutMicros` asks for fuller batches.
   *
   * @default false
   */
  readonly sharesRows?: boolean;
  /**
   * Where others run batches on the same device: a batch closes when its turn has come, and grows until then.
   *
   * @default the device is the scheduler's own
   */
  readonly turns?: Pick<TurnTaker, "take"> | undefined;
  /**
   * Tells whether batches can run now. No batch closes while they can't; then {@link BatchScheduler.resume}.
   *
   * @default always
   */
  readonly canRun?: () => boolean;
  /** Runs a closed batch. Gives one result for each row, in the same order; a rejection goes to every row. */
  readonly runBatch: (rows: readonly Row[]) => Promise<readonly Result[]>;
  readonly observer?: BatchObserver;
}

export interface TaskOptions {
  /** When aborted, the task's waiting rows leave the queue and all its rows reject with the signal's reason. */
  readonly signal: AbortSignal;
  /** On the clock of `performance.now()`; a row that is still waiting then never runs. */
  readonly deadlineMs: number;
  /** Called when a row has its result, or never will. */
  readonly onRowEnded?: ((row: EndedRow) => void) | undefined;
}

/** The way of a row; times are on the clock of `performance.now()`. */
export interface EndedRow {
  readonly enqueuedMs: number;
  /** Its batch, the same object for all of its rows; undefined: it left before one took it. */
  readonly batch: RunningBatch | undefined;
}

interface RunningBatch {
  readonly rows: number;
  readonly startMs: number;
}

/** One request's rows in the scheduler. */
export interface Task<Row, Result> {
  /**
   * Adds a row and resolves with its result. Rows run together only when their `group` is equal: rows
   * that can be merged.
   *
   * @param rowDeadlineMs where it is not the task's
   *
   * @throws {ServingError} DEADLINE_EXCEEDED when the deadline passed before its batch closed; the
   * signal's reason when aborted; else what `runBatch` threw.
   */
  enqueue(row: Row, group: string, rowDeadlineMs?: number): Promise<Result>;
}

interface Entry<Row, Result> {
  readonly row: Row;
  readonly enqueuedMs: number;
  readonly deadlineMs: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
  /** Undefined while it waits. */
  batch?: RunningBatch;
}

/**
 * Groups rows of many tasks into batches. Work-conserving: a batch closes the moment the device is free,
 * with what is there, so batches grow by themselves while the previous one runs. Tasks take turns row by
 * row, so a task of one row waits for at most one row of every other. Knows nothing of tensors or models.
 *
 * @see tensorflow/serving `batching/basic_batch_scheduler.h`; Triton core `dynamic_batch_scheduler.cc`
 */
export class BatchScheduler<Row, Result> {
  readonly #options: BatchSchedulerOptions<Row, Result>;
  readonly #lanes: PQueue;
  /** First key: the group whose turn it is. A group without rows is not in the map. */
  readonly #groups = new Map<string, FairQueue<Entry<Row, Result>>>();
  readonly #running = new Set<RunningBatch>();
  #waitingRows = 0;
  #timer: NodeJS.Timeout | undefined;
  #fillScheduled = false;
  #awaitsTurn = false;

  constructor(options: BatchSchedulerOptions<Row, Result>) {
    this.#options = options;
    this.#lanes = new PQueue({ concurrency: options.lanes });
  }

  /** Rows that wait for a batch; those that run are not counted. */
  get waitingRows(): number {
    return this.#waitingRows;
  }

  /** Batches that run. */
  get runningBatches(): number {
    return this.#lanes.pending;
  }

  /**
   * Returns the milliseconds of device time that the running batches have behind them, where one of `rows` takes
   * `runMs(rows)`: one that takes longer is always about to end.
   */
  progressMs(runMs: (rows: number) => number): number {
    const nowMs = performance.now();
    let progressMs = 0;
    for (const { rows, startMs } of this.#running) progressMs += Math.min(nowMs - startMs, runMs(rows));
    return progressMs;
  }

  /** Batches can run again. */
  resume(): void {
    this.#fillLanes();
  }

  /** Opens a task: the turn-taking, the deadline and the cancellation of one request. */
  openTask({ signal, deadlineMs, onRowEnded }: TaskOptions): Task<Row, Result> {
    const unsettled = new Set<Entry<Row, Result>>();
    const task: Task<Row, Result> = {
      enqueue: async (row, group, rowDeadlineMs = deadlineMs) => {
        signal.throwIfAborted();
        let entry: Entry<Row, Result> | undefined;
        try {
          return await new Promise<Result>((resolve, reject) => {
            entry = { row, enqueuedMs: performance.now(), deadlineMs: rowDeadlineMs, resolve, reject };
            unsettled.add(entry);
            this.#push(task, group, entry);
          });
        } finally {
          if (entry !== undefined) {
            unsettled.delete(entry);
            onRowEnded?.({ enqueuedMs: entry.enqueuedMs, batch: entry.batch });
          }
        }
      },
    };
    signal.addEventListener(
      "abort",
      () => {
        this.#removeTask(task);
        for (const entry of unsettled) entry.reject(signal.reason);
      },
      { once: true },
    );
    return task;
  }

  #push(task: object, group: string, entry: Entry<Row, Result>): void {
    let queue = this.#groups.get(group);
    if (queue === undefined) {
      queue = new FairQueue();
      this.#groups.set(group, queue);
    }
    queue.push(task, entry);
    this.#waitingRows += 1;
    this.#fillLanesSoon();
  }

  /** At the end of the running microtask, so that rows that come together leave together. */
  #fillLanesSoon(): void {
    if (this.#fillScheduled) return;
    this.#fillScheduled = true;
    queueMicrotask(() => {
      this.#fillScheduled = false;
      this.#fillLanes();
    });
  }

  #removeTask(task: object): void {
    for (const [group, queue] of this.#groups) {
      this.#waitingRows -= queue.remove(task).length;
      if (queue.size === 0) this.#groups.delete(group);
    }
  }

  /** Closes batches while a device is free and rows wait. */
  #fillLanes(): void {
    clearTimeout(this.#timer);
    while (this.#freeLanes > 0 && !this.#awaitsTurn) {
      const { canRun, turns } = this.#options;
      if (canRun?.() === false || this.#dueGroup() === undefined) return;
      const endTurn = turns === undefined ? () => {} : turns.take((end) => this.#turnCame(end));
      if (endTurn === undefined) this.#awaitsTurn = true;
      else this.#runNext(endTurn);
    }
  }

  get #freeLanes(): number {
    return this.#lanes.concurrency - this.#lanes.pending;
  }

  #turnCame(endTurn: EndTurn): void {
    this.#awaitsTurn = false;
    this.#runNext(endTurn);
    this.#fillLanes();
  }

  /** Runs the batch that is due, if there still is one. */
  #runNext(endTurn: EndTurn): void {
    const batch = this.#options.canRun?.() === false ? undefined : this.#closeBatch();
    if (batch === undefined) {
      endTurn();
      return;
    }
    void this.#lanes
      .add(() => this.#run(batch))
      .then(() => {
        endTurn();
        this.#fillLanes();
      });
  }

  #closeBatch(): Entry<Row, Result>[] | undefined {
    const { maxBatchSize, sharesRows = false, batchTimeoutMicros = 0 } = this.#options;
    const shares = sharesRows && batchTimeoutMicros === 0 ? this.#freeLanes : 1;
    for (;;) {
      const group = this.#dueGroup();
      const queue = group === undefined ? undefined : this.#groups.get(group);
      if (group === undefined || queue === undefined) return undefined;
      const batch = this.#take(queue, Math.min(maxBatchSize(), Math.ceil(queue.size / shares)));
      this.#groups.delete(group);
      if (queue.size > 0) this.#groups.set(group, queue);
      if (batch.length > 0) return batch;
    }
  }

  /** Returns the first group whose batch may close now. Where all should wait for more rows, they are looked at again then. */
  #dueGroup(): string | undefined {
    const maxRows = this.#options.maxBatchSize();
    let waitMs = Number.POSITIVE_INFINITY;
    for (const [group, queue] of this.#groups) {
      if (queue.size >= maxRows) return group;
      const groupWaitMs = this.#remainingWaitMs(queue);
      if (groupWaitMs === 0) return group;
      waitMs = Math.min(waitMs, groupWaitMs);
    }
    clearTimeout(this.#timer);
    if (Number.isFinite(waitMs)) this.#timer = setTimeout(() => this.#fillLanes(), waitMs);
    return undefined;
  }

  /** Milliseconds until the group's oldest row has waited for `batchTimeoutMicros`, or for as long as that pays. */
  #remainingWaitMs(queue: FairQueue<Entry<Row, Result>>): number {
    const { batchTimeoutMicros = 0, worthWaitMs } = this.#options;
    if (batchTimeoutMicros === 0) return 0;
    const worthMs = worthWaitMs?.(queue.size) ?? Number.POSITIVE_INFINITY;
    const timeoutMs = Math.min(batchTimeoutMicros / 1000, worthMs);
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const entry of queue) oldestMs = Math.min(oldestMs, entry.enqueuedMs);
    return Math.max(0, oldestMs + timeoutMs - performance.now());
  }

  /** Takes rows in turns, leaving out those whose deadline has passed. */
  #take(queue: FairQueue<Entry<Row, Result>>, maxRows: number): Entry<Row, Result>[] {
    const batch: Entry<Row, Result>[] = [];
    const nowMs = performance.now();
    while (batch.length < maxRows) {
      const entry = queue.shift();
      if (entry === undefined) break;
      this.#waitingRows -= 1;
      if (nowMs < entry.deadlineMs) batch.push(entry);
      else
        entry.reject(new ServingError("DEADLINE_EXCEEDED", "the deadline passed while waiting in the queue"));
    }
    return batch;
  }

  /** Never rejects: the outcome goes to the rows. */
  async #run(batch: readonly Entry<Row, Result>[]): Promise<void> {
    const nowMs = performance.now();
    const running = { rows: batch.length, startMs: nowMs };
    this.#running.add(running);
    for (const entry of batch) entry.batch = running;
    this.#options.observer?.batchClosed({
      rows: batch.length,
      queueMs: batch.map((entry) => nowMs - entry.enqueuedMs),
    });
    try {
      const results = await this.#options.runBatch(batch.map((entry) => entry.row));
      if (results.length !== batch.length) {
        throw new ServingError(
          "INTERNAL",
          `${results.length} results for ${batch.length} rows; this is a bug`,
        );
      }
      results.forEach((result, i) => {
        batch[i]?.resolve(result);
      });
    } catch (reason) {
      for (const entry of batch) entry.reject(reason);
    } finally {
      this.#running.delete(running);
    }
  }
}
