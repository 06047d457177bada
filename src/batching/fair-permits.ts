import { FairQueue } from "./fair-queue.ts";

/**
 * A fixed number of permits, handed out in turns between flows. It bounds what is between two stages
 * (decoded rows, which are large) without letting a flow with many instances hold up one with a single. Each
 * permit has a number, the place of what it stands for.
 */
export class FairPermits {
  readonly #waiting = new FairQueue<{
    readonly resolve: (permit: number) => void;
    readonly reject: (reason: unknown) => void;
  }>();
  /** The one given back last is handed out first: its memory is warm. */
  readonly #free: number[];

  /** @param permits how many may be held at once. Minimum: 1. */
  constructor(permits: number) {
    this.#free = Array.from({ length: permits }, (_, number) => permits - 1 - number);
  }

  /** How many callers wait for a permit. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves with a permit's number, from 0 on, when the caller holds it; it gives it back with {@link release}. */
  acquire(flow: object): Promise<number> {
    const permit = this.#free.pop();
    if (permit !== undefined) return Promise.resolve(permit);
    return new Promise((resolve, reject) => this.#waiting.push(flow, { resolve, reject }));
  }

  /** Gives a permit back; the flow whose turn it is gets it. */
  release(permit: number): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(permit);
    else next.resolve(permit);
  }

  /** Rejects every waiting `acquire` of a flow with `reason`. */
  cancel(flow: object, reason: unknown): void {
    for (const { reject } of this.#waiting.remove(flow)) reject(reason);
  }
}
