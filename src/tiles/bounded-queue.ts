interface Waiter<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (reason: unknown) => void;
}

interface Putting<Item> extends Waiter<void> {
  readonly item: Item;
}

interface Taking<Item> extends Waiter<readonly Item[]> {
  readonly most: number;
}

/**
 * What stands between two stages of a run: whoever is ahead waits, so that memory is bounded. Many may put and take at
 * once. Order: first in, first out.
 */
export class BoundedQueue<Item> {
  readonly #capacity: number;
  readonly #items: Item[] = [];
  readonly #putting: Putting<Item>[] = [];
  readonly #taking: Taking<Item>[] = [];
  #isClosed = false;
  #failure: { readonly reason: unknown } | undefined;

  /** @param capacity items that lie here at most. Minimum: 1. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * Resolves when the item lies in the queue.
   *
   * @throws what {@link fail} was told.
   */
  put(item: Item): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    return new Promise((resolve, reject) => {
      this.#putting.push({ item, resolve, reject });
      this.#move();
    });
  }

  /**
   * Resolves with what lies here, `most` items at most, as soon as there is one; with none when the queue is closed
   * and empty.
   *
   * @throws what {@link fail} was told.
   */
  take(most: number): Promise<readonly Item[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    return new Promise((resolve, reject) => {
      this.#taking.push({ most, resolve, reject });
      this.#move();
    });
  }

  /** Nothing more will be put. */
  close(): void {
    this.#isClosed = true;
    this.#move();
  }

  /** Lets everybody who waits, and comes, fail. */
  fail(reason: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { reason };
    for (const { reject } of [...this.#putting.splice(0), ...this.#taking.splice(0)]) reject(reason);
    this.#items.length = 0;
  }

  #move(): void {
    this.#fill();
    while (this.#items.length > 0 && this.#taking.length > 0) {
      const { most, resolve } = this.#taking.shift() as Taking<Item>;
      resolve(this.#items.splice(0, most));
      this.#fill();
    }
    if (this.#isClosed && this.#items.length === 0) {
      for (const { resolve } of this.#taking.splice(0)) resolve([]);
    }
  }

  #fill(): void {
    while (this.#items.length < this.#capacity && this.#putting.length > 0) {
      const { item, resolve } = this.#putting.shift() as Putting<Item>;
      this.#items.push(item);
      resolve();
    }
  }
}
