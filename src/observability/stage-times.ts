/** The stages that a request's trace shows, in Triton's words and in the order of the way of a row. */
export const TRACED_STAGES = ["compute_input", "queue", "compute_infer", "compute_output"] as const;

export type TracedStage = (typeof TRACED_STAGES)[number];

/** A batch that took rows in, as the scheduler knows it: the same object for each of them. */
export interface TracedBatch {
  readonly rows: number;
  readonly startMs: number;
}

/** What a row has behind it when its result is there, or never will be. */
export interface TracedRow {
  readonly enqueuedMs: number;
  /** Absent: it left before a batch took it. */
  readonly batch?: TracedBatch | undefined;
}

/** From the begin of the first to the end of the last, of all rows of a request. */
export interface StageTime {
  readonly stage: TracedStage;
  readonly startMs: number;
  readonly endMs: number;
  /** Counts and sums, by their names. */
  readonly figures: Readonly<Record<string, number>>;
}

interface Growing {
  startMs: number;
  endMs: number;
  readonly figures: Record<string, number>;
}

/**
 * The stages of one request. They take the same memory for one image and for a stream of a million: times of a stage are
 * merged into one, and added up in its figures.
 *
 * Units: all times are milliseconds on the clock of `performance.now()`.
 */
export class StageTimes {
  readonly #stages = new Map<TracedStage, Growing>();
  /** The rows of a batch end together, so that a batch is new where it is another than the last. */
  #lastBatch: TracedBatch | undefined;

  /** An image has become a row: what it waited for a worker, and the work. */
  imageReady(startMs: number, { decodeMs, preprocessMs }: { decodeMs: number; preprocessMs: number }): void {
    const { figures } = this.#add("compute_input", startMs, performance.now());
    add(figures, "instances", 1);
    add(figures, "decode_ms", decodeMs);
    add(figures, "preprocess_ms", preprocessMs);
  }

  /** A row has its result, or never will. */
  rowEnded({ enqueuedMs, batch }: TracedRow): void {
    const nowMs = performance.now();
    const { figures } = this.#add("queue", enqueuedMs, batch?.startMs ?? nowMs);
    add(figures, "rows", 1);
    if (batch === undefined || batch === this.#lastBatch) return;
    this.#lastBatch = batch;
    const infer = this.#add("compute_infer", batch.startMs, nowMs);
    add(infer.figures, "batches", 1);
    infer.figures.max_batch_size = Math.max(infer.figures.max_batch_size ?? 0, batch.rows);
  }

  /** Outputs have become an answer. */
  outputReady(startMs: number): void {
    const { figures } = this.#add("compute_output", startMs, performance.now());
    add(figures, "answers", 1);
  }

  /** Those that the request has been through, in the order of {@link TRACED_STAGES}. */
  *[Symbol.iterator](): Generator<StageTime, void> {
    for (const stage of TRACED_STAGES) {
      const time = this.#stages.get(stage);
      if (time !== undefined) yield { stage, ...time };
    }
  }

  #add(stage: TracedStage, startMs: number, endMs: number): Growing {
    const time = this.#stages.get(stage) ?? { startMs, endMs, figures: {} };
    this.#stages.set(stage, time);
    time.startMs = Math.min(time.startMs, startMs);
    time.endMs = Math.max(time.endMs, endMs);
    add(time.figures, "total_ms", endMs - startMs);
    return time;
  }
}

function add(figures: Record<string, number>, name: string, value: number): void {
  figures[name] = (figures[name] ?? 0) + value;
}
