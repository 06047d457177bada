import type { SingleBar } from "cli-progress";

/** How far the work is, on standard error if that is a terminal; nothing else. */
export class ProgressBar {
  readonly #bar: SingleBar | undefined;
  #failed = 0;

  private constructor(bar: SingleBar | undefined) {
    this.#bar = bar;
  }

  /**
   * Shows the bar at once; how many there are is said when it is known.
   *
   * @param things what is counted, in the plural
   */
  static async open(stream: NodeJS.WriteStream, things: string): Promise<ProgressBar> {
    if (!stream.isTTY) return new ProgressBar(undefined);
    const { default: cliProgress } = await import("cli-progress");
    const bar = new cliProgress.SingleBar({
      stream,
      format: `{bar} {value}/{total} ${things}, {failed} failed, {eta_formatted} to go`,
      barCompleteChar: "#",
      barIncompleteChar: "-",
      clearOnComplete: true,
      hideCursor: true,
      etaBuffer: 200,
    });
    bar.start(0, 0, { failed: 0 });
    return new ProgressBar(bar);
  }

  get isShown(): boolean {
    return this.#bar !== undefined;
  }

  setTotal(total: number): void {
    this.#bar?.setTotal(total);
  }

  ended(hasFailed: boolean): void {
    if (hasFailed) this.#failed += 1;
    this.#bar?.increment(1, { failed: this.#failed });
  }

  /** Takes the bar away. */
  close(): void {
    this.#bar?.stop();
  }
}
