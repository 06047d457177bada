/** What a check measured: each figure beside what is promised, so that all are printed, missed or not. */
export class FigureSheet {
  readonly lines: string[] = [];
  readonly #judgesTimes: boolean;
  #misses = 0;

  /** Bounds on time are judged, or only stated: a machine that does other work misses them. */
  constructor({ judgesTimes }: { judgesTimes: boolean }) {
    this.#judgesTimes = judgesTimes;
  }

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

  /** As {@link atMost}, of a figure that grows where the machine is busy. */
  timeAtMost(name: string, value: number, most: number): void {
    if (this.#judgesTimes) this.atMost(name, value, most);
    else this.note(`${name} (at most ${show(most)} on a quiet machine)`, value);
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
