import { StartupError } from "../errors.ts";

/** How a session's thread was lost: it ended, or it does not come back from a run. */
export type ThreadLoss = "died" | "hung";

export interface LossLimitOptions {
  /**
   * Losses within `windowMs` that are too many. Minimum: 1.
   *
   * @default 3
   */
  readonly maxLosses?: number;
  /** @default 60000 */
  readonly windowMs?: number;
}

/**
 * Threads that hang at once. Each keeps its session's memory, and perhaps its cores, until the process ends: one is
 * borne, for the requests that would be lost with the process.
 */
const MAX_HUNG = 1;

/** Before the second of two restarts in a row; each later one waits twice as long as the one before. */
const FIRST_WAIT_MS = 1000;

/** Tells when another thread is no remedy any more. Sessions that share it count together: the same poison takes one after the other. */
export class LossLimit {
  readonly #options: Required<LossLimitOptions>;
  #lostMs: number[] = [];
  #hung = 0;

  constructor({ maxLosses = 3, windowMs = 60_000 }: LossLimitOptions = {}) {
    this.#options = { maxLosses, windowMs };
  }

  /** Counts a loss. Returns why the process should end, so that its orchestrator sees it; undefined where it need not. */
  add(loss: ThreadLoss): StartupError | undefined {
    const { maxLosses, windowMs } = this.#options;
    const nowMs = performance.now();
    this.#lostMs = [...this.#lostMs.filter((ms) => nowMs - ms < windowMs), nowMs];
    if (loss === "hung") this.#hung += 1;
    if (this.#hung > MAX_HUNG) {
      return new StartupError(`${this.#hung} runs did not end within RUN_TIMEOUT_MS, and can't be ended`);
    }
    if (this.#lostMs.length < maxLosses) return undefined;
    return new StartupError(`the inference worker was lost ${maxLosses} times in ${windowMs / 1000} s`);
  }

  /**
   * How long to wait before a lost thread is replaced: not at all for the first in `windowMs`, whose callers wait; then
   * longer each time, so that what passes by itself may have passed.
   */
  get waitMs(): number {
    return this.#lostMs.length < 2 ? 0 : FIRST_WAIT_MS * 2 ** (this.#lostMs.length - 2);
  }
}
