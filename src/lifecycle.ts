import { setMaxListeners } from "node:events";
import { ServingError } from "./errors.ts";

/** Where the process stands in its life. */
export type LifecycleState = "LOADING" | "READY" | "DRAINING" | "FAILED";

/** The state that health routes show; only `server.ts` changes it. */
export class Lifecycle {
  #state: LifecycleState = "LOADING";
  #error: string | undefined;
  readonly #closed = new AbortController();
  readonly #cutOff = new AbortController();
  readonly #listeners = new Set<() => void>();

  constructor() {
    // Every request listens.
    setMaxListeners(0, this.#cutOff.signal, this.#closed.signal);
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** Why the state is FAILED, in a sentence for operators. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Whether predictions are answered: when ready, and in a drain until its delay is over. */
  get takesWork(): boolean {
    return !this.#closed.signal.aborted && (this.#state === "READY" || this.#state === "DRAINING");
  }

  /** Aborted with DRAINING when no more work is taken: streams end with what they have begun. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Aborted with DRAINING when what is unfinished then is given up. */
  get cutOff(): AbortSignal {
    return this.#cutOff.signal;
  }

  /** The drain took too long. */
  cutWorkOff(): void {
    this.closeWork();
    const sentence = "the server stops and could not finish the request before";
    this.#cutOff.abort(new ServingError("DRAINING", sentence, { retryAfterSeconds: 1 }));
  }

  /** The delay of the drain is over: what comes now is refused. */
  closeWork(): void {
    const sentence = "the server stops: send what is not answered to another";
    this.#closed.abort(new ServingError("DRAINING", sentence, { retryAfterSeconds: 1 }));
  }

  /** A drain and a failure are final; a server that lost its worker is LOADING until it has a new one. */
  moveTo(state: LifecycleState, error?: string): void {
    if (this.#state === "FAILED" || (this.#state === "DRAINING" && state !== "FAILED")) return;
    this.#state = state;
    this.#error = error;
    for (const listener of this.#listeners) listener();
  }

  /**
   * Calls `listener` after every move.
   *
   * @returns what ends that
   */
  onMove(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
