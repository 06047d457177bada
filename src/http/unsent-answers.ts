import type { ServerResponse } from "node:http";
import { ServingError } from "../errors.ts";

export interface UnsentAnswersOptions {
  /** Most bytes of answers that clients have not yet taken. Minimum: 1. */
  readonly maxUnsentBytes: number;
  /** Longest time for an answer to be taken. */
  readonly sendTimeoutMs: number;
  readonly onRefused: (reason: "unsent") => void;
}

/** Bounds the memory and the time of answers whose clients are slow to take them. */
export class UnsentAnswers {
  readonly #options: UnsentAnswersOptions;
  readonly #held = new WeakMap<ServerResponse, number>();
  #bytes = 0;

  constructor(options: UnsentAnswersOptions) {
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
   * Counts an answer until {@link watch} sees that its client has taken it or is gone. One that is larger than all room is let through alone.
   *
   * @throws {ServingError} QUEUE_FULL when it does not fit.
   */
  hold(response: ServerResponse, bytes: number): void {
    if (this.#bytes > 0) this.#require(bytes);
    this.#bytes += bytes;
    this.#held.set(response, bytes);
  }

  /** An answer that is counted takes no more than `bytes`. */
  shrink(response: ServerResponse, bytes: number): void {
    this.#bytes -= (this.#held.get(response) ?? bytes) - bytes;
    this.#held.set(response, bytes);
  }

  /** Counts a part of an answer that goes out in parts, whatever room there is, until the returned function is called. */
  holdPart(bytes: number): () => void {
    this.#bytes += bytes;
    let isHeld = true;
    return () => {
      if (isHeld) this.#bytes -= bytes;
      isHeld = false;
    };
  }

  /**
   * Cuts the connection if the answer, which is about to be sent, is not taken in time; counts it no more when it is, or its
   * connection is gone: `OpenAnswers` sees to it that this is told of each answer.
   */
  watch(response: ServerResponse): void {
    // A reset: after an orderly end the kernel would go on offering what was not taken.
    const timer = setTimeout(() => response.socket?.resetAndDestroy(), this.#options.sendTimeoutMs);
    const end = () => {
      clearTimeout(timer);
      this.#bytes -= this.#held.get(response) ?? 0;
    };
    // Its client may be gone already.
    if (response.closed || response.req.socket.destroyed) end();
    else response.once("close", end);
  }

  #require(bytes: number): void {
    const { maxUnsentBytes, sendTimeoutMs, onRefused } = this.#options;
    if (this.#bytes + bytes <= maxUnsentBytes) return;
    onRefused("unsent");
    const retryAfterSeconds = Math.max(1, Math.ceil(sendTimeoutMs / 1000));
    throw new ServingError(
      "QUEUE_FULL",
      `answers of ${this.#bytes} bytes wait for their clients (MAX_UNSENT_BYTES); try again in ${retryAfterSeconds} s`,
      { retryAfterSeconds },
    );
  }
}
