import { setMaxListeners } from "node:events";
import type { ImageOutcome, NamedImage } from "../client/image-source.ts";
import { BoundedQueue } from "./bounded-queue.ts";
import type { Imagery } from "./imagery.ts";
import { type Tile, tileName } from "./tile.ts";
import { ImageryError, type TileFailure } from "./tile-failure.ts";
import type { TileOutcome, TileTask } from "./tile-task.ts";

export interface TileRunOptions<Key> {
  /** Begins to give tiles; ends early when the run does. */
  readonly tasks: (signal: AbortSignal) => AsyncIterable<TileTask<Key>>;
  readonly imagery: Imagery;
  /** @default no image is */
  readonly isBlank?: ((image: Uint8Array) => Promise<boolean>) | undefined;
  /** Resolves with what became of each image, in order. */
  readonly predict: (images: readonly NamedImage[], signal: AbortSignal) => Promise<readonly ImageOutcome[]>;
  /** Puts outcomes where they belong. One call at a time. */
  readonly settle: (outcomes: readonly TileOutcome<Key>[]) => Promise<void>;
  /** Tiles whose images are fetched at once, waits for other tries included. Minimum: 1. */
  readonly window: number;
  /** Images in a request. Minimum: 1. */
  readonly batchSize: number;
  /** Requests at once. Minimum: 1. */
  readonly concurrency: number;
  /** Gives up what is under way. */
  readonly signal: AbortSignal;
}

interface FetchedTile<Key> {
  readonly task: TileTask<Key>;
  readonly tile: Tile;
  readonly image: Uint8Array;
}

/** Most outcomes that wait, and that are put away at once. */
const SETTLED_AT_ONCE = 500;

/**
 * Takes tiles through three stages side by side: fetch, predict, put away. Between them stand bounded queues, so that the
 * slowest one sets the pace and memory does not grow with the number of tiles. Outcomes come in no order.
 */
export class TileRun<Key> {
  readonly #options: TileRunOptions<Key>;
  readonly #fetched: BoundedQueue<FetchedTile<Key>>;
  readonly #outcomes = new BoundedQueue<TileOutcome<Key>>(SETTLED_AT_ONCE);
  readonly #ending = new AbortController();
  #failure: { readonly reason: unknown } | undefined;

  constructor(options: TileRunOptions<Key>) {
    this.#options = options;
    this.#fetched = new BoundedQueue(options.batchSize * options.concurrency);
    // Each tile under way listens to it.
    setMaxListeners(0, this.#ending.signal);
  }

  /**
   * Resolves when every tile has its outcome put away.
   *
   * @throws what a stage threw, or the signal's reason; the outcomes that were known by then are put away, other tiles
   * have none.
   */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const giveUp = () => this.#fail(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      signal.throwIfAborted();
      await this.#runStages();
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
    if (this.#failure !== undefined) throw this.#failure.reason;
  }

  async #runStages(): Promise<void> {
    const { tasks, window, concurrency } = this.#options;
    const source = tasks(this.#ending.signal)[Symbol.asyncIterator]();
    const settling = this.#settleAll().catch((reason) => {
      this.#fail(reason);
      this.#outcomes.fail(reason);
    });
    const predicting = this.#runSideBySide(concurrency, () => this.#predictAll());
    await this.#runSideBySide(window, () => this.#fetchAll(source));
    this.#fetched.close();
    await source.return?.();
    await predicting;
    this.#outcomes.close();
    await settling;
  }

  async #runSideBySide(count: number, work: () => Promise<void>): Promise<void> {
    const guarded = () => work().catch((reason) => this.#fail(reason));
    await Promise.all(Array.from({ length: count }, guarded));
  }

  /** The first failure counts: the others follow from it. */
  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#ending.abort(reason);
    this.#fetched.fail(reason);
  }

  async #fetchAll(source: AsyncIterator<TileTask<Key>>): Promise<void> {
    for (;;) {
      const { done, value: task } = await source.next();
      if (done) return;
      this.#ending.signal.throwIfAborted();
      await this.#fetch(task);
    }
  }

  async #fetch(task: TileTask<Key>): Promise<void> {
    const { imagery, isBlank } = this.#options;
    const { tile } = task;
    if ("code" in tile) return this.#failTile(task, tile);
    let image: Uint8Array;
    try {
      image = await imagery.read(tile, this.#ending.signal);
    } catch (error) {
      if (!(error instanceof ImageryError)) throw error;
      return this.#failTile(task, error);
    }
    if (await isBlank?.(image)) return this.#outcomes.put({ task, kind: "blank" });
    await this.#fetched.put({ task, tile, image });
  }

  #failTile(task: TileTask<Key>, { code, message }: TileFailure): Promise<void> {
    return this.#outcomes.put({ task, kind: "failed", failure: { code, message } });
  }

  async #predictAll(): Promise<void> {
    const { batchSize, predict } = this.#options;
    for (;;) {
      const batch = await this.#fetched.take(batchSize);
      if (batch.length === 0) return;
      const images = batch.map(({ tile, image }) => ({ name: tileName(tile), bytes: image }));
      const answers = await predict(images, this.#ending.signal);
      for (const [i, { task, tile }] of batch.entries()) {
        const answer = answers[i] as ImageOutcome;
        if ("error" in answer) await this.#failTile(task, answer.error);
        else await this.#outcomes.put({ task, kind: "predicted", tile, prediction: answer.prediction });
      }
    }
  }

  async #settleAll(): Promise<void> {
    for (;;) {
      const outcomes = await this.#outcomes.take(SETTLED_AT_ONCE);
      if (outcomes.length === 0) return;
      await this.#options.settle(outcomes);
    }
  }
}
