/** What a check measured: each figure beside what is promised, so that all are printed, missed or not. */
export class FigureSheet {
  readonly lines: string[] = [];
  #misses = 0;

  get misses(): number {
    return this.#misses;
  }

  /** States a figure that nothing is promised of. */
  note(name: string, value: number | string): void {
    this.lines.push(`        ${name}: ${show(value)}`);
  }

  atMost(name: string, value: number, most: number): void {
    this.#judge(value <= most, `${name}: ${show(value)} (at most ${show(most)})`);
  }

  atLeast(name: string, value: number, least: number): void {
    this.#judge(value >= least, `${name}: ${show(value)} (at least ${show(least)})`);
  }

  equal(name: string, value: number | string, expected: number | string): void {
    this.#judge(value === expected, `${name}: ${show(value)} (${show(expected)})`);
  }

  #judge(holds: boolean, text: string): void {
    if (!holds) this.#misses += 1;
    this.lines.push(`${holds ? "    ok  " : "  MISS  "}${text}`);
  }
}

function show(value: number | string): string {
  if (typeof value === "string" || Number.isInteger(value)) return String(value);
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}
