import { Backlog } from "./batching/backlog.ts";
import { BatchScheduler } from "./batching/batch-scheduler.ts";
import { BatchTuner } from "./batching/batch-tuner.ts";
import type { DeviceTurns } from "./batching/device-turns.ts";
import type { Settings } from "./config/settings.ts";
import type { ModelMetrics } from "./observability/metrics.ts";
import type { Work } from "./request-parts.ts";
import type { RowOutcome, RunOutcome, Session } from "./runtime/session.ts";
import type { Servable, Tuning } from "./servable.ts";
import type { BatchPlan } from "./trial-run.ts";

export interface TunedBatchingOptions {
  readonly servable: Pick<Servable, keyof BatchPlan | "preprocess">;
  readonly session: Pick<Session, "run">;
  readonly settings: Pick<Settings, "batchTimeoutMicros" | "targetLatencyMs">;
  readonly metrics: ModelMetrics;
  /** Batches that run at once. */
  readonly lanes: number;
  /** Images that are in work at once. */
  readonly imageWorkers: number;
  /** Milliseconds that a worker is busy with one image; 0 while that is not known. */
  readonly imageMs: () => number;
  /** Where other models run batches on the same devices. */
  readonly shared?: {
    readonly turns: DeviceTurns;
    /** The model, whatever its version. */
    readonly flow: object;
    /** The part of a device that one batch takes. */
    readonly share: number;
  };
  /** @default always */
  readonly canRun?: () => boolean;
}

/** A model's batches, and what is learnt from them while it serves. */
export interface TunedBatching {
  readonly scheduler: BatchScheduler<Work, RowOutcome>;
  readonly backlog: Backlog;
  readonly tuning: () => Tuning;
}

/** Returns the scheduler of a model, whose runs teach the backlog's forecast and the size of the next batches. */
export function createTunedBatching(options: TunedBatchingOptions): TunedBatching {
  const { servable, session, settings, metrics, lanes, imageWorkers, shared } = options;
  const prepareMs = servable.preprocess === undefined ? () => 0 : options.imageMs;
  const tuner = new BatchTuner({
    timings: servable.batchTimings.map(({ batchSize, runMs }) => ({ rows: batchSize, ms: runMs })),
    largest: servable.maxBatchSize,
    ...(servable.allowedBatchSizes === undefined ? {} : { allowedSizes: servable.allowedBatchSizes }),
    targetLatencyMs: settings.targetLatencyMs,
    lanes,
    prepareMs,
  });
  const runMs = (rows: number) => tuner.runMs(rows);
  const maxBatchSize = () => tuner.maxBatchSize;
  const turns = shared?.turns.join({
    flow: shared.flow,
    share: () => shared.share,
    batchMs: () => runMs(Math.min(maxBatchSize(), Math.max(1, backlog.rows))),
  });
  const scheduler = new BatchScheduler<Work, RowOutcome>({
    maxBatchSize,
    batchTimeoutMicros: settings.batchTimeoutMicros,
    worthWaitMs: (rows) => tuner.worthWaitMs(rows),
    lanes,
    turns,
    ...(options.canRun === undefined ? {} : { canRun: options.canRun }),
    // Where sizes are padded, two runs of half as many rows would be twice the work.
    sharesRows: servable.allowedBatchSizes === undefined,
    runBatch: async (batch) => {
      const startMs = performance.now();
      const outcome = await runBatch(session, batch, tuner.runSize(batch.length));
      const ms = performance.now() - startMs - (outcome.waitedMs ?? 0);
      if (isTelling(outcome)) tuner.runEnded({ rows: batch.length, ms });
      metrics.stageEnded("compute_infer", outcome.computeInferMs);
      return outcome.rows;
    },
    observer: {
      batchClosed: ({ rows, queueMs }) => {
        metrics.batchClosed(rows);
        for (const ms of queueMs) metrics.stageEnded("queue", ms);
      },
    },
  });
  const progressMs = () => scheduler.progressMs(runMs);
  const backlog: Backlog = new Backlog({
    runMs,
    maxBatchSize,
    lanes,
    othersMs: () => turns?.othersMs() ?? 0,
    progressMs,
    prepareMs,
    preparers: imageWorkers,
  });
  const tuning = () => ({
    maxBatchSize: tuner.maxBatchSize,
    runTime: tuner.runTime,
    expectedMs: backlog.finishMs(backlog.rows + 1),
  });
  return { scheduler, backlog, tuning };
}

/** The scheduler puts rows only with rows, and other feeds alone. */
function runBatch(
  session: Pick<Session, "run">,
  batch: readonly Work[],
  batchSize: number,
): Promise<RunOutcome> {
  const [first] = batch;
  if (first?.kind === "whole") return session.run({ kind: "whole", feeds: first.feeds });
  const rows = batch.flatMap((work) => (work.kind === "row" ? [work.row] : []));
  return session.run({ kind: "rows", rows, batchSize });
}

/** A failed run says nothing of how long a good one takes, and one on all threads nothing of one on a lane's. */
function isTelling({ ranAlone, wasWide, rows }: RunOutcome): boolean {
  return ranAlone !== true && wasWide !== true && rows.every((row) => "outputs" in row);
}
