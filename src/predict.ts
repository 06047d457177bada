import { csvForm } from "./cli/csv-form.ts";
import { imageFile } from "./cli/image-file.ts";
import { MaskFiles } from "./cli/mask-files.ts";
import { NDJSON_FORM } from "./cli/ndjson-form.ts";
import { httpTransport, predictChoice } from "./cli/predict-choice.ts";
import type { PredictOptions } from "./cli/predict-options.ts";
import { PredictSummary } from "./cli/predict-summary.ts";
import { READER_LEFT, ReaderLeftError } from "./cli/print.ts";
import { ProgressBar } from "./cli/progress-bar.ts";
import type { ResultForm } from "./cli/result-form.ts";
import { openOutput, type ResultOutput } from "./cli/result-output.ts";
import { StopSignals } from "./cli/stop-signals.ts";
import { tellWait } from "./cli/tell-wait.ts";
import { walkInputs } from "./cli/walk-inputs.ts";
import { RefusedError, UnavailableError } from "./client/client-error.ts";
import type { PredictChoice } from "./client/http-transport.ts";
import { ImageError, type ImageOutcome, type ImageSource } from "./client/image-source.ts";
import { PredictClient } from "./client/predict-client.ts";
import type { PredictTransport } from "./client/predict-transport.ts";
import { UsageError } from "./errors.ts";

/** A model in this process. */
export interface OpenedModel extends PredictTransport {
  close(): Promise<void>;
}

/** Loads the model to run in this process. */
export type OpenModel = (modelDir: string | undefined, choice: PredictChoice) => Promise<OpenedModel>;

export interface PredictRun {
  readonly options: PredictOptions;
  /** Files, folders, patterns or `-`. */
  readonly inputs: readonly string[];
  readonly openModel: OpenModel;
}

/**
 * Writes the predictions of images.
 *
 * @returns the exit code: 0 if every image has a prediction, 1 if not, 128 + the signal's number when told to stop, 141 when
 * the reader of standard output left
 * @throws {StartupError} when nothing can be begun: a wrong command line, a model that can't be loaded.
 */
export async function predict({ options, inputs, openModel }: PredictRun): Promise<number> {
  checkTogether(options, inputs);
  const hasMasks = options.masks !== undefined;
  const choice = predictChoice(options, hasMasks ? "mask_png" : undefined);
  const form = options.format === "csv" ? csvForm(choice.signature, hasMasks) : NDJSON_FORM;
  const http = options.url === undefined ? undefined : httpTransport(options, options.url, choice);
  const output = await openOutput(form, options);
  const model = http === undefined ? await openModel(options.modelDir, choice) : undefined;
  try {
    return await run({ options, inputs, form, output, transport: (http ?? model) as PredictTransport });
  } finally {
    await output.close();
    await model?.close();
  }
}

interface Run {
  readonly options: PredictOptions;
  readonly inputs: readonly string[];
  readonly form: ResultForm;
  readonly output: ResultOutput;
  readonly transport: PredictTransport;
}

async function run({ options, inputs, form, output, transport }: Run): Promise<number> {
  const say = (text: string) => void process.stderr.write(`onnx-serving: ${text}\n`);
  const progress = await ProgressBar.open(process.stderr, "images");
  const signals = new StopSignals(() => say("stopping when what is on its way is answered"));
  const ended = new AbortController();
  const signal = AbortSignal.any([signals.stopping, ended.signal]);
  const walk = () => walkInputs(inputs, { stdin: process.stdin, signal });
  if (progress.isShown && !inputs.includes("-")) void showTotal(walk(), progress);
  const summary = new PredictSummary();
  const masks = options.masks === undefined ? undefined : new MaskFiles(options.masks);
  const client = new PredictClient({
    ...options,
    transport,
    giveUpAfterMs: options.giveUpAfterSeconds * 1000,
    onRetry: (reason, delayMs) => {
      const text = tellWait(reason, delayMs);
      if (text !== undefined && !progress.isShown) say(text);
    },
  });
  const skip = () => {
    summary.skipped += 1;
    progress.ended(false);
  };
  const images = unfinished(walk(), { ...options, done: output.done, signal, skip });
  let stopped: string | undefined;
  try {
    for await (const predicted of client.predictAll(images, signals.aborting)) {
      const { outcome, maskFile } = await withMask(predicted, masks);
      await output.append(form.write(outcome, maskFile));
      summary.add(outcome);
      progress.ended("error" in outcome);
    }
  } catch (error) {
    if (error instanceof ReaderLeftError) return READER_LEFT;
    if (error instanceof UnavailableError || error instanceof RefusedError) stopped = error.message;
    else if (!signals.aborting.aborted) throw error;
  } finally {
    // Whoever writes names to standard input may be silent for ever.
    ended.abort();
    signals.close();
    progress.close();
  }
  process.stderr.write(summary.text());
  if (stopped !== undefined || signals.exitCode !== undefined) {
    say(`${stopped ?? "told to stop"}; ${remedy(options, summary)}`);
    return signals.exitCode ?? 1;
  }
  if (summary.ended + summary.skipped === 0) throw new UsageError("no images were named");
  return summary.failed === 0 ? 0 : 1;
}

function remedy({ output }: PredictOptions, { ended, skipped }: PredictSummary): string {
  if (ended + skipped === 0) return "nothing was predicted";
  return output === undefined
    ? "with --output it could go on from here"
    : "the same command with --resume goes on from here";
}

interface Filter {
  readonly done: ReadonlySet<string>;
  readonly maxFileBytes: number;
  readonly signal: AbortSignal;
  readonly skip: () => void;
}

/** Yields the images that have no result yet. */
async function* unfinished(
  names: AsyncIterable<string>,
  { done, maxFileBytes, signal, skip }: Filter,
): AsyncGenerator<ImageSource, void> {
  for await (const name of names) {
    if (signal.aborted) return;
    if (done.has(name)) skip();
    else yield await imageFile(name, maxFileBytes);
  }
}

/** Counting goes ahead of the work; what is wrong with the inputs the work itself finds. */
async function showTotal(names: AsyncIterable<string>, progress: ProgressBar): Promise<void> {
  let total = 0;
  try {
    for await (const _name of names) {
      total += 1;
      if (total % 1000 === 0) progress.setTotal(total);
    }
  } catch {
    return;
  }
  progress.setTotal(total);
}

async function withMask(
  outcome: ImageOutcome,
  masks: MaskFiles | undefined,
): Promise<{ readonly outcome: ImageOutcome; readonly maskFile?: string }> {
  if (masks === undefined || "error" in outcome) return { outcome };
  try {
    return { outcome, maskFile: await masks.write(outcome) };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { outcome: { name: outcome.name, error: { code: error.code, message: error.message } } };
  }
}

function checkTogether(options: PredictOptions, inputs: readonly string[]): void {
  if (inputs.length === 0)
    throw new UsageError("predict needs an image, a folder, a pattern or -; see predict --help");
  if (options.url !== undefined && options.modelDir !== undefined) {
    throw new UsageError("--url and --model-dir are both given: one of them says where the model is");
  }
  if (options.resume && options.output === undefined) throw new UsageError("--resume needs --output");
  if (options.masks !== undefined && ![undefined, "mask_png"].includes(options.signature)) {
    throw new UsageError("--masks needs --signature mask_png, or none");
  }
}
