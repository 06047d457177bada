import { FairQueue } from "./fair-queue.ts";

interface Waiting {
  readonly flow: object;
  readonly amount: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * An amount of something that callers take parts of, in turns between flows. Whose turn it is waits until its part is
 * free, and everybody behind it, so that a large part is not passed over for ever.
 */
export class FairBudget {
  readonly total: number;
  readonly #waiting = new FairQueue<Waiting>();
  #free: number;
  #next: Waiting | undefined;

  constructor(total: number) {
    this.total = total;
    this.#free = total;
  }

  /** What is taken now. */
  get taken(): number {
    return this.total - this.#free;
  }

  /** Resolves when the caller has `amount`, at most `total`; it gives it back with {@link release}. */
  acquire(flow: object, amount: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(flow, { flow, amount, resolve, reject });
      this.#handOut();
    });
  }

  release(amount: number): void {
    this.#free += amount;
    this.#handOut();
  }

  /** Rejects every waiting `acquire` of a flow with `reason`. */
  cancel(flow: object, reason: unknown): void {
    for (const { reject } of this.#waiting.remove(flow)) reject(reason);
    if (this.#next?.flow !== flow) return;
    this.#next.reject(reason);
    this.#next = undefined;
    this.#handOut();
  }

  #handOut(): void {
    for (;;) {
      this.#next ??= this.#waiting.shift();
      if (this.#next === undefined || this.#next.amount > this.#free) return;
      this.#free -= this.#next.amount;
      this.#next.resolve();
      this.#next = undefined;
    }
  }
}
