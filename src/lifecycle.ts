/** Where the process stands in its life. */
export type LifecycleState = "LOADING" | "READY" | "DRAINING" | "FAILED";

/** The state that health routes show; only `server.ts` changes it. */
export class Lifecycle {
  #state: LifecycleState = "LOADING";
  #error: string | undefined;
  #isClosed = false;

  get state(): LifecycleState {
    return this.#state;
  }

  /** Why the state is FAILED, in a sentence for operators. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Whether predictions are answered: when ready, and in a drain until its delay is over. */
  get takesWork(): boolean {
    return !this.#isClosed && (this.#state === "READY" || this.#state === "DRAINING");
  }

  /** The delay of the drain is over: what comes now is refused. */
  closeWork(): void {
    this.#isClosed = true;
  }

  /** A drain and a failure are final; a server that lost its worker is LOADING until it has a new one. */
  moveTo(state: LifecycleState, error?: string): void {
    if (this.#state === "FAILED" || (this.#state === "DRAINING" && state !== "FAILED")) return;
    this.#state = state;
    this.#error = error;
  }
}
