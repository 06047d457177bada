import { type Clock, systemClock } from "../client/clock.ts";
import { type TileCounts, writeCheckpoint } from "./checkpoint.ts";
import { DoneRanges, type Range } from "./done-ranges.ts";
import type { FailedTile, FailureFile } from "./failure-file.ts";
import { addCounts, storeOutcomes } from "./store-outcomes.ts";
import type { TileSink } from "./tile-sink.ts";
import type { TileOutcome } from "./tile-task.ts";

export interface ListStoreOptions {
  readonly sinks: readonly TileSink[];
  /** @default failures are counted only */
  readonly failureFile?: FailureFile | undefined;
  /** @default the run can't be resumed */
  readonly checkpoint?: { readonly path: string; readonly run: string } | undefined;
  /** Of an earlier process. @default nothing */
  readonly done?: readonly Range[];
  /** @default none */
  readonly counts?: TileCounts;
  /** @default the system's */
  readonly clock?: Clock;
}

export const NO_COUNTS: TileCounts = { predicted: 0, blank: 0, failed: 0 };

/** How much work a killed process may have to do again. */
const CHECKPOINT_EVERY_MS = 1000;

/**
 * Puts away what became of the tiles of a list. A checkpoint says which tiles are done and how long each file was then:
 * whoever goes on from it cuts the files to that length, so every tile is there once. (A table has keys instead.)
 */
export class ListStore {
  readonly #options: ListStoreOptions;
  readonly #clock: Clock;
  readonly #done: DoneRanges;
  #counts: TileCounts;
  #savedMs: number;
  /** What is written belongs to tiles that are done. */
  #isSound = true;

  constructor(options: ListStoreOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#done = new DoneRanges(options.done);
    this.#counts = options.counts ?? NO_COUNTS;
    this.#savedMs = this.#clock.nowMs();
  }

  /** Of all processes that worked on the list. */
  get counts(): TileCounts {
    return this.#counts;
  }

  /** Whether an earlier process has done it. */
  isDone(position: number): boolean {
    return this.#done.has(position);
  }

  /** One call at a time. Resolves with those that failed. */
  async settle(outcomes: readonly TileOutcome<number>[]): Promise<readonly FailedTile[]> {
    const { sinks, failureFile } = this.#options;
    this.#isSound = false;
    const { failed, counts } = await storeOutcomes(outcomes, sinks);
    await failureFile?.write(failed);
    this.#counts = addCounts(this.#counts, counts);
    for (const { task } of outcomes) this.#done.add(task.key);
    this.#isSound = true;
    if (this.#clock.nowMs() - this.#savedMs >= CHECKPOINT_EVERY_MS) await this.save();
    return failed;
  }

  /** Writes the checkpoint, unless something failed in the middle of a settling or the end: then the last one stands. */
  async save(): Promise<void> {
    if (this.#isSound) await this.#save(false);
  }

  /** The whole list is done. */
  async finish(): Promise<void> {
    this.#isSound = false;
    for (const sink of this.#options.sinks) await sink.finish();
    await this.#save(true);
  }

  async close(): Promise<void> {
    const { sinks, failureFile } = this.#options;
    for (const one of [...sinks, failureFile]) await one?.close();
  }

  async #save(isFinished: boolean): Promise<void> {
    const { sinks, failureFile, checkpoint } = this.#options;
    const lengths = await Promise.all([...sinks, failureFile].map(async (one) => (await one?.sync()) ?? 0));
    this.#savedMs = this.#clock.nowMs();
    if (checkpoint === undefined) return;
    const state = { run: checkpoint.run, done: this.#done.ranges, counts: this.#counts, lengths, isFinished };
    await writeCheckpoint(checkpoint.path, state);
  }
}
