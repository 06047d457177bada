import { FairQueue } from "./fair-queue.ts";

export interface FairPermitsOptions {
  /** For everybody, in turns. Minimum: 1. */
  readonly permits: number;
  /**
   * For the first of each flow alone, so that a newcomer finds one whatever the others hold.
   *
   * @default 0
   */
  readonly reserved?: number;
}

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
  readonly #reserved: number[];
  /** Reserved permits have this number and higher ones. */
  readonly #firstReserved: number;

  constructor({ permits, reserved = 0 }: FairPermitsOptions) {
    this.#firstReserved = permits;
    this.#free = Array.from({ length: permits }, (_, number) => permits - 1 - number);
    this.#reserved = Array.from({ length: reserved }, (_, number) => permits + reserved - 1 - number);
  }

  /** How many callers wait for a permit. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves with a permit's number, from 0 on, when the caller holds it; it gives it back with {@link release}. */
  acquire(flow: object): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(flow, { resolve, reject });
      this.#handOut();
    });
  }

  /** Gives a permit back; the flow whose turn it is gets it. */
  release(permit: number): void {
    (permit < this.#firstReserved ? this.#free : this.#reserved).push(permit);
    this.#handOut();
  }

  /** Rejects every waiting `acquire` of a flow with `reason`. */
  cancel(flow: object, reason: unknown): void {
    for (const { reject } of this.#waiting.remove(flow)) reject(reason);
  }

  #handOut(): void {
    if (this.#free.length > 0) this.#hand(this.#free, this.#waiting.shift());
    if (this.#reserved.length > 0) this.#hand(this.#reserved, this.#waiting.shiftNewcomer());
  }

  #hand(permits: number[], next: { resolve: (permit: number) => void } | undefined): void {
    if (next === undefined) return;
    const permit = permits.pop();
    if (permit !== undefined) next.resolve(permit);
  }
}
