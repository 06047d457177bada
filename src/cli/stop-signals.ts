/** How long what is on its way may take when the process is told to stop. */
const LAST_ANSWERS_MS = 10_000;

/** Turns signals into an end in two steps: first no more is begun, then what is on its way is given up. */
export class StopSignals {
  readonly #stopping = new AbortController();
  readonly #aborting = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #exitCode: number | undefined;

  /** @param onStop called at the first signal */
  constructor(onStop: () => void) {
    for (const [signal, number] of [
      ["SIGINT", 2],
      ["SIGTERM", 15],
    ] as const) {
      // In place of the one that ends the process at once.
      process.removeAllListeners(signal);
      process.on(signal, () => {
        if (this.#exitCode !== undefined) {
          this.#aborting.abort();
          return;
        }
        this.#exitCode = 128 + number;
        this.#timer = setTimeout(() => this.#aborting.abort(), LAST_ANSWERS_MS);
        onStop();
        this.#stopping.abort();
      });
    }
  }

  /** Aborted at the first signal: nothing new is begun. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Aborted at the second one, or some seconds after the first. */
  get aborting(): AbortSignal {
    return this.#aborting.signal;
  }

  /** What the process ends with when it was told to stop. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** A signal afterwards does nothing more. */
  close(): void {
    clearTimeout(this.#timer);
  }
}
