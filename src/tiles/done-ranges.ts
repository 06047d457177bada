/** First, and the one behind the last. */
export type Range = readonly [start: number, end: number];

/**
 * The positions of a list that are done. They become done nearly in order: it takes room for the gaps that unfinished
 * ones leave, not for the whole.
 */
export class DoneRanges {
  /** Ascending, apart from each other. */
  readonly #ranges: [number, number][];

  constructor(ranges: readonly Range[] = []) {
    this.#ranges = ranges.map(([start, end]) => [start, end]);
  }

  get ranges(): readonly Range[] {
    return this.#ranges;
  }

  /** How many positions are done. */
  get size(): number {
    return this.#ranges.reduce((sum, [start, end]) => sum + end - start, 0);
  }

  has(position: number): boolean {
    const range = this.#ranges[this.#findBehind(position) - 1];
    return range !== undefined && position < range[1];
  }

  add(position: number): void {
    const at = this.#findBehind(position);
    const before = this.#ranges[at - 1];
    if (before !== undefined && position < before[1]) return;
    const after = this.#ranges[at];
    const extended = before?.[1] === position ? before : undefined;
    const joinsAfter = after !== undefined && after[0] === position + 1;
    if (extended !== undefined && joinsAfter) this.#ranges.splice(at - 1, 2, [extended[0], after[1]]);
    else if (extended !== undefined) extended[1] = position + 1;
    else if (joinsAfter) after[0] = position;
    else this.#ranges.splice(at, 0, [position, position + 1]);
  }

  /** Returns the index of the first range that starts behind the position. */
  #findBehind(position: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle] as [number, number])[0] <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
