import type { TileCounts } from "./checkpoint.ts";
import type { FailedTile } from "./failure-file.ts";
import type { TileFailure } from "./tile-failure.ts";
import type { TileResult, TileSink } from "./tile-sink.ts";
import type { TileOutcome, TileTask } from "./tile-task.ts";

/** A tile without a result, and what its source knows it by. */
export interface FailedTask<Key> extends FailedTile {
  readonly key: Key;
}

/** What was done with outcomes. */
export interface StoredOutcomes<Key> {
  /** Those that failed, also by a sink's refusal. */
  readonly failed: readonly FailedTask<Key>[];
  readonly counts: TileCounts;
}

/** Writes the predictions among outcomes to all sinks. */
export async function storeOutcomes<Key>(
  outcomes: readonly TileOutcome<Key>[],
  sinks: readonly TileSink[],
): Promise<StoredOutcomes<Key>> {
  const failed: FailedTask<Key>[] = [];
  const predicted: (TileResult & { readonly task: TileTask<Key> })[] = [];
  for (const outcome of outcomes) {
    if (outcome.kind === "predicted") predicted.push(outcome);
    else if (outcome.kind === "failed") failed.push(toFailed(outcome.task, outcome.failure));
  }
  const blank = outcomes.length - predicted.length - failed.length;
  const refusals = await Promise.all(sinks.map((sink) => sink.write(predicted)));
  for (const [i, { task }] of predicted.entries()) {
    const failure = refusals.map((one) => one.get(i)).find((one) => one !== undefined);
    if (failure !== undefined) failed.push(toFailed(task, failure));
  }
  const counts = { predicted: outcomes.length - blank - failed.length, blank, failed: failed.length };
  return { failed, counts };
}

function toFailed<Key>({ key, text }: TileTask<Key>, failure: TileFailure): FailedTask<Key> {
  return { key, text, failure };
}

/** Returns the sums. */
export function addCounts(a: TileCounts, b: TileCounts): TileCounts {
  return {
    predicted: a.predicted + b.predicted,
    blank: a.blank + b.blank,
    failed: a.failed + b.failed,
  };
}
