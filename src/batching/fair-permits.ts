import { FairQueue } from "./fair-queue.ts";

/**
 * A fixed number of permits, handed out in turns between flows. It bounds what is between two stages
 * (decoded rows, which are large) without letting a flow with many instances hold up one with a single.
 */
export class FairPermits {
  readonly #waiting = new FairQueue<{
    readonly resolve: () => void;
    readonly reject: (reason: unknown) => void;
  }>();
  #free: number;

  /** @param permits how many may be held at once. Minimum: 1. */
  constructor(permits: number) {
    this.#free = permits;
  }

  /** How many callers wait for a permit. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when the caller holds a permit, which it gives back with {@link release}. */
  acquire(flow: object): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => this.#waiting.push(flow, { resolve, reject }));
  }

  /** Gives a permit back; the flow whose turn it is gets it. */
  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next.resolve();
  }

  /** Rejects every waiting `acquire` of a flow with `reason`. */
  cancel(flow: object, reason: unknown): void {
    for (const { reject } of this.#waiting.remove(flow)) reject(reason);
  }
}
