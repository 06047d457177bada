/** About so many of the latest images count. */
const LATEST = 32;

/** How many crops an image has, on the mean of the latest ones; 1 until one is known. */
export class FanOut {
  #mean: number | undefined;

  get crops(): number {
    return this.#mean ?? 1;
  }

  add(crops: number): void {
    this.#mean = this.#mean === undefined ? crops : this.#mean + (crops - this.#mean) / LATEST;
  }
}
