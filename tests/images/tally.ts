/** Counts what passed, failed and was skipped, and prints a line for each that did not simply pass. */
export class Tally {
  readonly counts = { passed: 0, failed: 0, skipped: 0 };

  /** `figure` is printed beside the name. */
  pass(name: string, figure?: string): void {
    this.counts.passed += 1;
    if (figure !== undefined) console.log(`ok      ${name}: ${figure}`);
  }

  fail(name: string, fault: string): void {
    this.counts.failed += 1;
    console.log(`FAILED  ${name}: ${fault}`);
  }

  skip(name: string, reason: string): void {
    this.counts.skipped += 1;
    console.log(`skipped ${name}: ${reason}`);
  }

  /** Passes with the figure that `test` resolves with, or fails with what it throws. */
  async run(name: string, test: () => Promise<string | undefined>): Promise<void> {
    try {
      this.pass(name, (await test()) ?? "");
    } catch (error) {
      this.fail(name, String((error as Error).message));
    }
  }
}
