import { UsageError } from "../errors.ts";
import { requireAbsent } from "./append-file.ts";
import { type Checkpoint, readCheckpoint, type TileCounts, writeCheckpoint } from "./checkpoint.ts";
import { type FailedTile, FailureFile } from "./failure-file.ts";
import { ListStore, NO_COUNTS } from "./list-store.ts";
import { type Output, openSink, outputFiles, outputName, type SinkOptions } from "./output.ts";
import type { ListedTile } from "./tile-list.ts";
import { TileRun, type TileRunOptions } from "./tile-run.ts";
import type { TileSink } from "./tile-sink.ts";
import type { TileSource } from "./tile-source.ts";
import type { TileOutcome, TileTask } from "./tile-task.ts";

export interface ListRunOptions
  extends Omit<TileRunOptions<number>, "tasks" | "settle">,
    Pick<SinkOptions, "table" | "print" | "giveUpAfterMs" | "statementTimeoutMs" | "onRetry"> {
  readonly source: TileSource;
  readonly outputs: readonly Output[];
  /** @default failures are counted only */
  readonly failures: string | undefined;
  /** @default the run can't be resumed */
  readonly checkpoint: string | undefined;
  /** Goes on from the checkpoint, if there is one. */
  readonly resume: boolean;
  /** Begins no more tiles. */
  readonly stop: AbortSignal;
  /** Told of what earlier processes have done. @default nobody */
  readonly onStart?: (counts: TileCounts) => void;
  /** @default nobody is told */
  readonly onSettled?: (settled: SettledTiles) => void;
}

/** Tiles whose outcomes were just put away. */
export interface SettledTiles {
  readonly tiles: number;
  readonly failed: readonly FailedTile[];
  /** Of all so far. */
  readonly counts: TileCounts;
}

export interface ListRunResult {
  /** Of this process and those before it. */
  readonly counts: TileCounts;
  /** false: it was stopped before the end. */
  readonly isFinished: boolean;
}

/**
 * Works through a list of tiles, or what an earlier process left of it.
 *
 * @throws {StartupError} when something is not to be had that all tiles need.
 */
export async function runList(options: ListRunOptions): Promise<ListRunResult> {
  const start = await findStart(options);
  options.onStart?.(start.counts);
  if (start.isFinished) return start;
  const store = await openStore(options, start);
  try {
    const isFinished = await workOff(options, store);
    await (isFinished ? store.finish() : store.save());
    return { counts: store.counts, isFinished };
  } catch (error) {
    // What can't be saved is done again; the error that came first says more.
    await store.save().catch(() => {});
    throw error;
  } finally {
    await store.close();
  }
}

/** Returns from where to go on. A new run must not touch what is there. */
async function findStart(options: ListRunOptions): Promise<Checkpoint> {
  const { source, outputs, failures, checkpoint: path, resume } = options;
  const run = JSON.stringify([source.identity, ...outputs.map(outputName), failures ?? null]);
  const found = path !== undefined && resume ? await readCheckpoint(path) : undefined;
  if (found !== undefined && found.run !== run) {
    throw new UsageError(`${path} belongs to a run with other tiles or other outputs`);
  }
  if (found !== undefined) return found;
  for (const file of [...outputs.flatMap(outputFiles), failures, path]) {
    if (file !== undefined) await requireAbsent(file);
  }
  const lengths = [...outputs, failures].map(() => 0);
  const start = { run, done: [], counts: NO_COUNTS, lengths, isFinished: false };
  // Before the files are made: a process that is killed in between can be resumed too.
  if (path !== undefined) await writeCheckpoint(path, start);
  return start;
}

async function openStore(options: ListRunOptions, start: Checkpoint): Promise<ListStore> {
  const { outputs, failures, checkpoint: path } = options;
  const { lengths, run, done, counts } = start;
  const sinks: TileSink[] = [];
  let failureFile: FailureFile | undefined;
  try {
    for (const [i, output] of outputs.entries()) sinks.push(await openSink(output, lengths[i] ?? 0, options));
    if (failures !== undefined) failureFile = await FailureFile.open(failures, lengths.at(-1) ?? 0);
  } catch (error) {
    for (const sink of sinks) await sink.close();
    throw error;
  }
  return new ListStore({
    sinks,
    failureFile,
    checkpoint: path === undefined ? undefined : { path, run },
    done,
    counts,
  });
}

/** Resolves with whether all tiles are done. */
async function workOff(options: ListRunOptions, store: ListStore): Promise<boolean> {
  const { source, stop, onSettled } = options;
  let isWhole = false;
  async function* tasks(signal: AbortSignal): AsyncGenerator<TileTask<number>> {
    const ending = AbortSignal.any([stop, signal]);
    let position = 0;
    for await (const listed of source.read(ending)) {
      if (ending.aborted) return;
      if (!store.isDone(position)) yield toTask(position, listed);
      position += 1;
    }
    // A stream that was left ends as one does that is read to its end.
    isWhole = !ending.aborted;
  }
  const settle = async (outcomes: readonly TileOutcome<number>[]) => {
    const failed = await store.settle(outcomes);
    onSettled?.({ tiles: outcomes.length, failed, counts: store.counts });
  };
  await new TileRun({ ...options, tasks, settle }).run();
  return isWhole;
}

function toTask(key: number, { text, tile, error }: ListedTile): TileTask<number> {
  return { key, text, tile: tile ?? { code: "INVALID_TILE", message: error?.message ?? "" } };
}
