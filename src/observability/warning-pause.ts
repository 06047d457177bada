const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** Keeps a warning that comes again and again rare: it is due at once, then after a minute, then two ... at most an hour. */
export class WarningPause {
  #pauseMs = FIRST_PAUSE_MS;
  #untilMs = Number.NEGATIVE_INFINITY;

  /** Tells whether to warn now; if so, the next pause begins. */
  isDue(): boolean {
    const nowMs = performance.now();
    if (nowMs < this.#untilMs) return false;
    this.#untilMs = nowMs + this.#pauseMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
    return true;
  }

  /** The cause is gone: the next warning is due at once. */
  reset(): void {
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }
}
