/**
 * Bounds the bytes of decoded pixels that wait for their crops. Who comes first gets them first; one that is larger than
 * all of the budget gets it alone.
 */
export class PixelBudget {
  readonly #maxBytes: number;
  #held = 0;
  readonly #waiting: { readonly bytes: number; readonly resolve: () => void }[] = [];

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#held;
  }

  /**
   * Resolves when so many bytes may be held, with what gives them back.
   *
   * @throws the signal's reason when it is aborted before.
   */
  async hold(bytes: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#waiting.length > 0 || !this.#fits(bytes)) await this.#wait(bytes, signal);
    else this.#held += bytes;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#held -= bytes;
      this.#handOut();
    };
  }

  #wait(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason);
        // It may have been the first, and too large for what is free.
        this.#handOut();
      };
      const waiter = {
        bytes,
        resolve: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiter);
    });
  }

  #fits(bytes: number): boolean {
    return this.#held === 0 || this.#held + bytes <= this.#maxBytes;
  }

  #handOut(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || !this.#fits(next.bytes)) return;
      this.#waiting.shift();
      this.#held += next.bytes;
      next.resolve();
    }
  }
}
