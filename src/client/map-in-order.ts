export interface MapInOrderOptions {
  /** Most items in work at once. Minimum: 1. */
  readonly concurrency: number;
  /** Most items begun and not yet taken: a slow one holds up the others no sooner. @default 4 x concurrency */
  readonly window?: number;
  /** Ends the waiting for the source; what is in work must end by itself. @default never aborted */
  readonly signal?: AbortSignal;
}

/**
 * Yields what `map` makes of each item, in the order of the items. The source is read no further ahead than the window.
 *
 * @throws what the source or `map` throws, when its turn has come, and the signal's reason; what is in work then goes on
 * unheard.
 */
export async function* mapInOrder<Item, Result>(
  source: AsyncIterable<Item> | Iterable<Item>,
  { concurrency, window = 4 * concurrency, signal }: MapInOrderOptions,
  map: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void> {
  const results: Promise<Result>[] = [];
  const change = new Change();
  let running = 0;
  let isOver = false;
  let isStopped = false;
  const begin = (item: Item) => {
    running += 1;
    const result = map(item).finally(() => {
      running -= 1;
      change.happened();
    });
    // Heard when its turn has come.
    result.catch(() => {});
    results.push(result);
  };
  const fill = async () => {
    for await (const item of source) {
      while (!isStopped && (running >= concurrency || results.length >= window)) await change.next();
      if (isStopped) return;
      begin(item);
      change.happened();
    }
  };
  const filled = fill().finally(() => {
    isOver = true;
    change.happened();
  });
  filled.catch(() => {});
  const wake = () => change.happened();
  signal?.addEventListener("abort", wake);
  try {
    for (;;) {
      signal?.throwIfAborted();
      while (results.length === 0 && !isOver) {
        await change.next();
        signal?.throwIfAborted();
      }
      const [first] = results;
      if (first === undefined) break;
      const result = await first;
      results.shift();
      change.happened();
      yield result;
    }
    await filled;
  } finally {
    signal?.removeEventListener("abort", wake);
    isStopped = true;
    change.happened();
  }
}

/** Wakes all who wait for something to change. */
class Change {
  #waiting: (() => void)[] = [];

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  happened(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
