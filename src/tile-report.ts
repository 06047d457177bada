import { ProgressBar } from "./cli/progress-bar.ts";
import { tellWait } from "./cli/tell-wait.ts";
import type { TileCounts } from "./tiles/checkpoint.ts";
import { NO_COUNTS } from "./tiles/list-store.ts";
import type { SettledTiles } from "./tiles/run-list.ts";

/** Failures that are told one by one at the end. */
const TOLD_FAILURES = 5;

/** Tells on standard error how the work on tiles goes: a bar on a terminal, else what is out of the ordinary; then a summary. */
export class TileReport {
  readonly #startMs = performance.now();
  readonly #codes = new Map<string, number>();
  readonly #told: string[] = [];
  readonly #bar: ProgressBar;
  readonly #tellsFailures: boolean;
  #counts = NO_COUNTS;
  #before = 0;

  private constructor(bar: ProgressBar, tellsFailures: boolean) {
    this.#bar = bar;
    this.#tellsFailures = tellsFailures;
  }

  /**
   * @param total undefined where it is not known
   * @param tellsFailures at once and each: of a worker, whose end is far
   */
  static async open(total: number | undefined, tellsFailures: boolean): Promise<TileReport> {
    const bar = await ProgressBar.open(process.stderr, "tiles");
    if (total !== undefined) bar.setTotal(total);
    return new TileReport(bar, tellsFailures);
  }

  /** Tiles that this process has done. */
  get ended(): number {
    return sum(this.#counts) - this.#before;
  }

  get failed(): number {
    return this.#counts.failed;
  }

  say(text: string): void {
    process.stderr.write(`onnx-serving: ${text}\n`);
  }

  /** Tells of what is put up with, unless a bar is shown. */
  trouble(reason: string): void {
    if (!this.#bar.isShown) this.say(reason);
  }

  retry(reason: string, delayMs: number): void {
    const text = tellWait(reason, delayMs);
    if (text !== undefined) this.trouble(text);
  }

  /** Takes over what earlier processes have done. */
  start(counts: TileCounts): void {
    this.#counts = counts;
    this.#before = sum(counts);
    this.#advance(this.#before, counts.failed);
  }

  add({ tiles, failed, counts }: SettledTiles): void {
    this.#counts = counts;
    this.#advance(tiles, failed.length);
    for (const { text, failure } of failed) {
      const line = `${text}: ${failure.code}: ${failure.message}`;
      this.#codes.set(failure.code, (this.#codes.get(failure.code) ?? 0) + 1);
      if (this.#tellsFailures) this.trouble(line);
      else if (this.#told.length < TOLD_FAILURES) this.#told.push(`  ${line}`);
    }
  }

  #advance(tiles: number, failed: number): void {
    if (!this.#bar.isShown) return;
    for (let i = 0; i < tiles; i++) this.#bar.ended(i < failed);
  }

  /** Takes the bar away. */
  close(): void {
    this.#bar.close();
  }

  /** Tells what became of all. */
  summarise(): void {
    const { predicted, blank, failed } = this.#counts;
    const seconds = (performance.now() - this.#startMs) / 1000;
    const codes = [...this.#codes].map(([code, count]) => `${code} ${count}`).join(", ");
    const parts = [
      `${predicted} predicted`,
      ...(blank === 0 ? [] : [`${blank} blank`]),
      ...(failed === 0 ? [] : [`${failed} failed${codes === "" ? "" : `: ${codes}`}`]),
    ];
    const before = this.#before === 0 ? "" : `, ${this.#before} before`;
    const rate = `${this.ended} tiles in ${seconds.toFixed(1)} s (${(this.ended / seconds).toFixed(1)} tiles/s)${before}`;
    const more = [...this.#codes.values()].reduce((all, count) => all + count, 0) - this.#told.length;
    const rest = more > 0 && !this.#tellsFailures ? [`  and ${more} more`] : [];
    process.stderr.write(`${[`${rate}: ${parts.join(", ")}`, ...this.#told, ...rest].join("\n")}\n`);
  }
}

function sum({ predicted, blank, failed }: TileCounts): number {
  return predicted + blank + failed;
}
