import { type Clock, systemClock } from "../client/clock.ts";
import { ServingError } from "../errors.ts";
import type { TileCounts } from "./checkpoint.ts";
import type { FailedTile } from "./failure-file.ts";
import { NO_COUNTS } from "./list-store.ts";
import { addCounts, storeOutcomes } from "./store-outcomes.ts";
import { parseTile, type Tile } from "./tile.ts";
import type { TileFailure } from "./tile-failure.ts";
import type { QueueMessage, TileQueue } from "./tile-queue.ts";
import type { TileSink } from "./tile-sink.ts";
import type { TileOutcome, TileTask } from "./tile-task.ts";

export interface QueueWorkOptions {
  readonly queue: TileQueue;
  readonly sinks: readonly TileSink[];
  /** How long received messages hide from others; what is under way is hidden again after half of it. */
  readonly visibilitySeconds: number;
  /** Ends when no message is there and none is under way. Else: when it is stopped. */
  readonly untilEmpty: boolean;
  /** Told of trouble with the queue that is put up with. @default nobody */
  readonly onTrouble?: (reason: string) => void;
  /** @default the system's */
  readonly clock?: Clock;
}

/**
 * Tiles from a queue. A message is removed when its result is written, or its tile is blank. One that failed is left: it
 * comes back when its time is over, to this worker or another, until the queue's own policy puts it among the dead letters.
 */
export class QueueWork {
  readonly #options: QueueWorkOptions;
  readonly #clock: Clock;
  /** Messages under way. */
  readonly #held = new Set<QueueMessage>();
  #counts = NO_COUNTS;

  constructor(options: QueueWorkOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get counts(): TileCounts {
    return this.#counts;
  }

  /**
   * Yields tiles until `stop`; messages that were received and not begun by then are given back.
   *
   * @throws the signal's reason when aborted.
   */
  async *tasks(stop: AbortSignal, signal: AbortSignal): AsyncGenerator<TileTask<QueueMessage>> {
    const { queue, untilEmpty } = this.#options;
    while (!stop.aborted) {
      const messages = await this.#receive(stop, signal);
      if (messages.length === 0 && untilEmpty && this.#held.size === 0) return;
      for (const message of messages) this.#held.add(message);
      for (const [i, message] of messages.entries()) {
        if (stop.aborted) {
          const left = messages.slice(i);
          for (const one of left) this.#held.delete(one);
          await queue.hide(left, 0);
          return;
        }
        yield toTask(message);
      }
    }
  }

  async #receive(stop: AbortSignal, signal: AbortSignal): Promise<readonly QueueMessage[]> {
    try {
      return await this.#options.queue.receive(AbortSignal.any([stop, signal]));
    } catch (error) {
      signal.throwIfAborted();
      if (stop.aborted) return [];
      throw error;
    }
  }

  /** One call at a time. Resolves with those that failed. */
  async settle(outcomes: readonly TileOutcome<QueueMessage>[]): Promise<readonly FailedTile[]> {
    const { queue, sinks, onTrouble } = this.#options;
    const { failed, counts } = await storeOutcomes(outcomes, sinks);
    this.#counts = addCounts(this.#counts, counts);
    const kept = new Set(failed.map(({ key }) => key));
    const written = outcomes.map(({ task }) => task.key).filter((message) => !kept.has(message));
    const left = await queue.remove(written);
    if (left.length > 0)
      onTrouble?.(`${left.length} messages could not be removed; their tiles will be done again`);
    for (const { task } of outcomes) this.#held.delete(task.key);
    return failed;
  }

  /** Hides what is under way from others, again and again. Resolves when aborted. */
  async keepHidden(signal: AbortSignal): Promise<void> {
    const { queue, visibilitySeconds, onTrouble } = this.#options;
    for (;;) {
      try {
        await this.#clock.sleep((visibilitySeconds * 1000) / 2, signal);
        await queue.hide([...this.#held], visibilitySeconds);
      } catch (error) {
        if (signal.aborted) return;
        // What comes back meanwhile is done twice, and written once.
        onTrouble?.(`messages could not be hidden any longer: ${(error as Error).message}`);
      }
    }
  }
}

function toTask(message: QueueMessage): TileTask<QueueMessage> {
  return { key: message, text: message.body, tile: readTile(message.body) };
}

function readTile(body: string): Tile | TileFailure {
  try {
    return parseTile(body);
  } catch (error) {
    if (!(error instanceof ServingError)) throw error;
    return { code: "INVALID_TILE", message: error.message };
  }
}
