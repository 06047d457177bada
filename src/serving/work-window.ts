/** Bounds how much is in work at once; one caller fills it. */
export class WorkWindow {
  readonly #size: number;
  #used = 0;
  #wake: (() => void) | undefined;

  /** @param size minimum: 1 */
  constructor(size: number) {
    this.#size = size;
  }

  /** Takes a place, waiting for one where there is none. One call at a time. */
  async enter(): Promise<void> {
    if (this.#used >= this.#size) await this.#until();
    this.#used += 1;
  }

  /** Gives a place back. */
  leave(): void {
    this.#used -= 1;
    this.#wake?.();
  }

  /** Resolves when no place is taken. */
  async empty(): Promise<void> {
    while (this.#used > 0) await this.#until();
  }

  #until(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
