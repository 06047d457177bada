import { httpTransport, predictChoice } from "./cli/predict-choice.ts";
import { print, READER_LEFT, ReaderLeftError } from "./cli/print.ts";
import { StopSignals } from "./cli/stop-signals.ts";
import type { TilesOptions } from "./cli/tiles-options.ts";
import { RefusedError, UnavailableError } from "./client/client-error.ts";
import type { NamedImage } from "./client/image-source.ts";
import { PredictClient } from "./client/predict-client.ts";
import type { PredictTransport } from "./client/predict-transport.ts";
import { StartupError, UsageError } from "./errors.ts";
import { isBlank } from "./image/is-blank.ts";
import type { OpenModel } from "./predict.ts";
import { checkpointFile, checkTogether, openImagery, openSource } from "./tile-inputs.ts";
import { TileReport } from "./tile-report.ts";
import type { Imagery } from "./tiles/imagery.ts";
import { type Output, parseOutput } from "./tiles/output.ts";
import { type ListRunOptions, runList, type SettledTiles } from "./tiles/run-list.ts";
import { runQueue } from "./tiles/run-queue.ts";
import { SqsQueue } from "./tiles/sqs-queue.ts";
import type { TileSource } from "./tiles/tile-source.ts";

export interface TilesCommand {
  readonly options: TilesOptions;
  /** A list of tiles, or `-`; none with a box or a queue. */
  readonly inputs: readonly string[];
  /** Loads the model to run in this process. */
  readonly openModel: OpenModel;
}

/**
 * Fetches tiles, and writes their predictions.
 *
 * @returns the exit code: 0 if every tile has a prediction or is blank, or a worker at a queue was told to stop; 1 if not;
 * 128 + the signal's number when a list was stopped before its end, 141 when the reader of standard output left
 * @throws {StartupError} when nothing can be begun.
 */
export async function predictTiles({ options, inputs, openModel }: TilesCommand): Promise<number> {
  const outputs = (options.output.length === 0 ? ["-"] : options.output).map(parseOutput);
  checkTogether(options, outputs, inputs);
  const implied = outputs.some(({ kind }) => kind === "mbtiles") ? "mask_png" : undefined;
  const choice = predictChoice(options, implied);
  const http = options.url === undefined ? undefined : httpTransport(options, options.url, choice);
  const source = options.queue === undefined ? await openSource(options, inputs) : undefined;
  const imagery = await openImagery(options);
  try {
    const model = http === undefined ? await openModel(options.modelDir, choice) : undefined;
    try {
      const transport = (http ?? model) as PredictTransport;
      return await work({ options, outputs, source, imagery, transport });
    } finally {
      await model?.close();
    }
  } finally {
    imagery.close();
  }
}

interface Work {
  readonly options: TilesOptions;
  readonly outputs: readonly Output[];
  /** Undefined: a queue. */
  readonly source: TileSource | undefined;
  readonly imagery: Imagery;
  readonly transport: PredictTransport;
}

async function work(given: Work): Promise<number> {
  const { options, outputs, source } = given;
  const report = await TileReport.open(source?.total, source === undefined);
  const signals = new StopSignals(() => report.say("stopping when what is on its way is done"));
  const checkpoint = source === undefined ? undefined : checkpointFile(options, outputs);
  const remedy = checkpoint === undefined ? "" : "; the same command with --resume goes on";
  let stopped: string | undefined;
  try {
    const shared = sharedOptions(given, report, signals);
    if (source === undefined) await workOnQueue(options, shared, report);
    else {
      const onStart = report.start.bind(report);
      const { isFinished } = await runList({
        ...shared,
        source,
        checkpoint,
        resume: options.resume,
        onStart,
      });
      if (!isFinished) stopped = `told to stop${remedy}`;
    }
  } catch (error) {
    if (error instanceof ReaderLeftError) return READER_LEFT;
    if (error instanceof UsageError) throw error;
    if (signals.aborting.aborted) stopped = `stopped in the middle${remedy}`;
    else if (isExpected(error)) stopped = `${error.message}${remedy}`;
    else throw error;
  } finally {
    signals.close();
    report.close();
  }
  report.summarise();
  if (stopped === undefined) return report.failed === 0 || signals.exitCode !== undefined ? 0 : 1;
  report.say(stopped);
  return signals.exitCode ?? 1;
}

/** What the work depends on went away. */
function isExpected(error: unknown): error is Error {
  return [StartupError, UnavailableError, RefusedError].some((kind) => error instanceof kind);
}

/** The server's default of MAX_IMAGE_PIXELS: what is larger it refuses, and there is no need to look at it before. */
const MAX_IMAGE_PIXELS = 50_000_000;

type SharedOptions = Omit<ListRunOptions, "source" | "checkpoint" | "resume" | "onStart">;

function sharedOptions(
  { options, outputs, imagery, transport }: Work,
  report: TileReport,
  { stopping, aborting }: StopSignals,
): SharedOptions {
  const giveUpAfterMs = options.giveUpAfterSeconds * 1000;
  const onRetry = report.retry.bind(report);
  const client = new PredictClient({ ...options, transport, giveUpAfterMs, onRetry });
  return {
    imagery,
    isBlank: options.skipBlank ? (image) => isBlank(image, MAX_IMAGE_PIXELS) : undefined,
    predict: (images: readonly NamedImage[], signal: AbortSignal) => client.predict(images, signal),
    window: options.pendingTiles,
    batchSize: options.batchSize,
    concurrency: options.concurrency,
    outputs,
    table: options.table,
    failures: options.failures,
    statementTimeoutMs: options.timeoutMs,
    giveUpAfterMs,
    print,
    onRetry,
    onSettled: (settled: SettledTiles) => report.add(settled),
    stop: stopping,
    signal: aborting,
  };
}

async function workOnQueue(
  { queue: url, visibilitySeconds, waitSeconds, untilEmpty }: TilesOptions,
  shared: SharedOptions,
  report: TileReport,
): Promise<void> {
  const queue = await SqsQueue.open({ url: url ?? "", visibilitySeconds, waitSeconds });
  try {
    const onTrouble = report.trouble.bind(report);
    await runQueue({ ...shared, queue, visibilitySeconds, untilEmpty, onTrouble });
  } finally {
    queue.close();
  }
}
