import type { ImageFailure, ImageOutcome } from "../client/image-source.ts";

/** Failures that are told one by one. */
const TOLD_FAILURES = 5;

/** Counts what became of the images, for the line at the end. */
export class PredictSummary {
  readonly #startMs = performance.now();
  readonly #codes = new Map<string, number>();
  readonly #told: string[] = [];
  #predicted = 0;
  /** Images that had their results before. */
  skipped = 0;

  get failed(): number {
    return [...this.#codes.values()].reduce((sum, count) => sum + count, 0);
  }

  get ended(): number {
    return this.#predicted + this.failed;
  }

  add(outcome: ImageOutcome): void {
    if ("error" in outcome) this.#addFailure(outcome.name, outcome.error);
    else this.#predicted += 1;
  }

  /** Returns the lines to end with. */
  text(): string {
    const seconds = (performance.now() - this.#startMs) / 1000;
    const rate = `in ${seconds.toFixed(1)} s (${(this.ended / seconds).toFixed(1)} images/s)`;
    const before = this.skipped === 0 ? "" : `, ${this.skipped} done before`;
    const codes = [...this.#codes].map(([code, count]) => `${code} ${count}`).join(", ");
    const failures = this.failed === 0 ? "" : `, ${this.failed} failed: ${codes}`;
    const rest = this.failed > TOLD_FAILURES ? [`  and ${this.failed - TOLD_FAILURES} more`] : [];
    return `${[`${this.#predicted} predicted ${rate}${before}${failures}`, ...this.#told, ...rest].join("\n")}\n`;
  }

  #addFailure(name: string, { code, message }: ImageFailure): void {
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1);
    if (this.#told.length < TOLD_FAILURES) this.#told.push(`  ${name}: ${code}: ${message}`);
  }
}
