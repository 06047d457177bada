/** Where the process stands in its life. READY and DRAINING answer predictions. */
export type LifecycleState = "LOADING" | "READY" | "DRAINING" | "FAILED";

/** The state that health routes show; only `server.ts` changes it. */
export class Lifecycle {
  #state: LifecycleState = "LOADING";
  #error: string | undefined;

  get state(): LifecycleState {
    return this.#state;
  }

  /** Why the state is FAILED, in a sentence for operators. */
  get error(): string | undefined {
    return this.#error;
  }

  /** A drain and a failure are final; a server that lost its worker is LOADING until it has a new one. */
  moveTo(state: LifecycleState, error?: string): void {
    if (this.#state === "FAILED" || (this.#state === "DRAINING" && state !== "FAILED")) return;
    this.#state = state;
    this.#error = error;
  }
}
