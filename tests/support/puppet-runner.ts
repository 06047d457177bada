/** A device that finishes a batch only when the test says so. */
export class PuppetRunner<Row> {
  /** Every batch that was started, in order. */
  readonly started: Row[][] = [];
  readonly #finishers: ((error?: Error) => void)[] = [];

  /** Echoes its rows once {@link finish} is called. */
  readonly run = (rows: readonly Row[]): Promise<readonly Row[]> => {
    this.started.push([...rows]);
    return new Promise((resolve, reject) => {
      this.#finishers.push((error) => (error === undefined ? resolve(rows) : reject(error)));
    });
  };

  /** Ends the oldest running batch, with `error` if given, and lets everything that follows happen. */
  async finish(error?: Error): Promise<void> {
    const finisher = this.#finishers.shift();
    if (finisher === undefined) throw new Error("no batch is running");
    finisher(error);
    await settle();
  }
}

/** Lets all promise callbacks that are due run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
