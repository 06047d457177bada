import type { TileCounts } from "./checkpoint.ts";
import { type Output, openSink, type SinkOptions } from "./output.ts";
import { QueueWork, type QueueWorkOptions } from "./queue-work.ts";
import type { SettledTiles } from "./run-list.ts";
import type { QueueMessage } from "./tile-queue.ts";
import { TileRun, type TileRunOptions } from "./tile-run.ts";
import type { TileSink } from "./tile-sink.ts";

export interface QueueRunOptions
  extends Omit<TileRunOptions<QueueMessage>, "tasks" | "settle">,
    Pick<SinkOptions, "table" | "print" | "giveUpAfterMs" | "statementTimeoutMs" | "onRetry">,
    Omit<QueueWorkOptions, "sinks"> {
  readonly outputs: readonly Output[];
  /** Receives no more messages. */
  readonly stop: AbortSignal;
  /** @default nobody is told */
  readonly onSettled?: (settled: SettledTiles) => void;
}

/**
 * Works on the tiles of a queue until it is stopped, or the queue is empty if it is to end then.
 *
 * @throws {StartupError} when something is not to be had that all tiles need; what is under way then comes back.
 */
export async function runQueue(options: QueueRunOptions): Promise<TileCounts> {
  const { outputs, stop, onSettled } = options;
  const sinks: TileSink[] = [];
  const ended = new AbortController();
  try {
    for (const output of outputs) sinks.push(await openSink(output, 0, options));
    const work = new QueueWork({ ...options, sinks });
    const run = new TileRun<QueueMessage>({
      ...options,
      tasks: (ending) => work.tasks(stop, ending),
      settle: async (outcomes) => {
        const failed = await work.settle(outcomes);
        onSettled?.({ tiles: outcomes.length, failed, counts: work.counts });
      },
    });
    const hidden = work.keepHidden(ended.signal);
    try {
      await run.run();
    } finally {
      ended.abort();
      await hidden;
    }
    return work.counts;
  } finally {
    for (const sink of sinks) await sink.close();
  }
}
