import { ServingError } from "../errors.ts";

export interface UnsentMessagesOptions {
  /** Most bytes of answers that clients have not yet taken. Minimum: 1. */
  readonly maxUnsentBytes: number;
  readonly onRefused: (reason: "unsent") => void;
}

/** Bounds the memory of answers whose clients are slow to take them. */
export class UnsentMessages {
  readonly #options: UnsentMessagesOptions;
  #bytes = 0;

  constructor(options: UnsentMessagesOptions) {
    this.#options = options;
  }

  /** Bytes of answers that are written and not yet taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws {ServingError} QUEUE_FULL when there is no room for even one more byte. */
  requireRoom(): void {
    this.#require(1);
  }

  /**
   * Counts an answer. One that is larger than all room is let through alone.
   *
   * @returns what ends that, when the answer is taken or its client gone
   * @throws {ServingError} QUEUE_FULL when it does not fit.
   */
  hold(bytes: number): () => void {
    if (this.#bytes > 0) this.#require(bytes);
    this.#bytes += bytes;
    return () => {
      this.#bytes -= bytes;
    };
  }

  #require(bytes: number): void {
    const { maxUnsentBytes, onRefused } = this.#options;
    if (this.#bytes + bytes <= maxUnsentBytes) return;
    onRefused("unsent");
    const sentence = `answers of ${this.#bytes} bytes wait for their clients (MAX_UNSENT_BYTES); try again in 1 s`;
    throw new ServingError("QUEUE_FULL", sentence, { retryAfterSeconds: 1 });
  }
}
