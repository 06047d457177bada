import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { arrivalTimes } from "./bench/arrival-times.ts";
import { type BenchOutcome, type BenchReport, benchFigures, benchText } from "./bench/bench-figures.ts";
import { closedLoop } from "./bench/closed-loop.ts";
import type { MeasuredLoad } from "./bench/measured-load.ts";
import { growthOfAll, readMetrics, type Series } from "./bench/metrics-page.ts";
import { openLoop } from "./bench/open-loop.ts";
import { paintJpegs } from "./bench/paint-jpegs.ts";
import { ServerProcess } from "./bench/server-process.ts";
import type { BenchOptions } from "./cli/bench-options.ts";
import { print } from "./cli/print.ts";
import { readHeaders } from "./cli/read-headers.ts";
import { readUrl } from "./cli/read-url.ts";
import { StopSignals } from "./cli/stop-signals.ts";
import { walkInputs } from "./cli/walk-inputs.ts";
import { RefusedError } from "./client/client-error.ts";
import { HttpTransport, serverUrl } from "./client/http-transport.ts";
import type { NamedImage } from "./client/image-source.ts";
import { judgeReply } from "./client/judge-reply.ts";
import { UnansweredError } from "./client/predict-transport.ts";
import { readAnswer } from "./client/read-answer.ts";
import { StartupError, UsageError } from "./errors.ts";

export interface BenchRun {
  readonly options: BenchOptions;
  /** A URL or a model folder, then images. */
  readonly words: readonly string[];
}

/** Pictures where none are given. */
const OWN_PICTURES = 16;
/** Most memory for the images that are given, and for the requests that are made of them. */
const MAX_HELD_BYTES = 2 ** 28;
/** Of a server that may be another than ours. */
const METRICS_TIMEOUT_MS = 2000;
const BATCH_SIZE = "onnx_serving_batch_size";

/**
 * Loads a server and prints what it gave.
 *
 * @returns the exit code: 0 if every image has a prediction, 1 if not, 128 + the signal's number when told to stop
 * @throws {StartupError} when the load can't be begun, or the server refuses all.
 */
export async function bench({ options, words }: BenchRun): Promise<number> {
  const [target, ...inputs] = words;
  if (target === undefined) throw new UsageError("bench needs a URL or a model folder; see bench --help");
  const headers = readHeaders(options.header);
  const given = /^https?:\/\//i.test(target) ? readUrl("the server", target, options.model) : undefined;
  const signals = new StopSignals(() => {});
  const signal = signals.stopping;
  let server: ServerProcess | undefined;
  try {
    const images = await readImages(inputs, signal);
    if (given === undefined) server = await serveFolder(target, signal);
    const url = given ?? readUrl("the server", (server as ServerProcess).url, options.model);
    const transport = new HttpTransport({ ...options, headers, url });
    const report = await measure({ options, url, transport, images, signal });
    await print(options.format === "json" ? `${JSON.stringify(report)}\n` : benchText(report));
    return Object.keys(report.failures).length === 0 ? 0 : 1;
  } catch (error) {
    if (signals.exitCode !== undefined) return signals.exitCode;
    if (error instanceof RefusedError) throw new StartupError(error.message);
    throw error;
  } finally {
    signals.close();
    server?.kill();
  }
}

async function readImages(inputs: readonly string[], signal: AbortSignal): Promise<readonly NamedImage[]> {
  if (inputs.length === 0) return paintJpegs(OWN_PICTURES);
  const images: NamedImage[] = [];
  let bytes = 0;
  for await (const name of walkInputs(inputs, { stdin: process.stdin, signal })) {
    const image = { name, bytes: await readImage(name) };
    bytes += image.bytes.length;
    if (bytes > MAX_HELD_BYTES && images.length > 0) break;
    images.push(image);
  }
  if (images.length === 0) throw new UsageError("no images were named");
  return images;
}

async function readImage(name: string): Promise<Uint8Array> {
  try {
    return await readFile(name);
  } catch (error) {
    throw new UsageError(`${name} can't be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function serveFolder(modelFolder: string, signal: AbortSignal): Promise<ServerProcess> {
  const entry = fileURLToPath(new URL("./bin.cjs", import.meta.url));
  try {
    return await ServerProcess.start({ entry, modelFolder, signal });
  } catch (error) {
    // The server has said why.
    throw new StartupError((error as Error).message);
  }
}

interface Measurement {
  readonly options: BenchOptions;
  readonly url: URL;
  readonly transport: HttpTransport;
  readonly images: readonly NamedImage[];
  readonly signal: AbortSignal;
}

async function measure({ options, url, transport, images, signal }: Measurement): Promise<BenchReport> {
  const { batchSize, clients, rate, seconds, warmupSeconds } = options;
  const requests = makeRequests(transport, images, batchSize);
  let next = 0;
  const send = () => {
    const { names, body } = requests[next++ % requests.length] as BenchRequest;
    return ask(transport, names, body, signal);
  };
  // What a server that is none of ours tells of itself is nothing.
  const metrics: Promise<Series | undefined>[] = [];
  const notify = () =>
    void metrics.push(readMetrics(serverUrl(url), METRICS_TIMEOUT_MS).catch(() => undefined));
  const times = { warmupSeconds, seconds, send, notify, signal };
  let load: MeasuredLoad<BenchOutcome>;
  if (rate === undefined) load = await closedLoop({ ...times, clients });
  else {
    const perSecond = rate / batchSize;
    const arrivals = { perSecond, seconds: warmupSeconds + seconds, arrivals: "poisson", seed: 1 } as const;
    load = await openLoop({ ...times, dueMs: arrivalTimes(arrivals) });
  }
  const [before, after] = await Promise.all(metrics);
  return {
    url: url.href,
    imagesPerRequest: batchSize,
    load: rate === undefined ? { clients } : { imagesPerSecond: rate },
    seconds,
    ...benchFigures(load),
    meanBatchRows: before === undefined || after === undefined ? null : meanBatchRows(before, after),
  };
}

interface BenchRequest {
  readonly names: readonly string[];
  readonly body: string;
}

/** Made before the load, which would else be the client's own. Request i starts where request i - 1 ended, over and over the images. */
function makeRequests(
  transport: HttpTransport,
  images: readonly NamedImage[],
  batchSize: number,
): BenchRequest[] {
  const requests: BenchRequest[] = [];
  let bytes = 0;
  for (let request = 0; request < images.length && bytes < MAX_HELD_BYTES; request++) {
    const held = Array.from({ length: batchSize }, (_, i) => {
      return images[(request * batchSize + i) % images.length] as NamedImage;
    });
    const body = transport.write(held);
    bytes += body.length;
    requests.push({ names: held.map(({ name }) => name), body });
  }
  return requests;
}

/** @throws {RefusedError} when no request would be answered. */
async function ask(
  transport: HttpTransport,
  names: readonly string[],
  body: string,
  signal: AbortSignal,
): Promise<BenchOutcome> {
  const failed = (code: string) => ({ images: names.length, failures: names.map(() => code) });
  try {
    const reply = await transport.post(body, signal);
    const verdict = judgeReply(reply);
    if (verdict.kind === "refused") throw new RefusedError(`the server refuses: ${verdict.message}`);
    if (verdict.kind !== "answered") return failed(verdict.code);
    const failures = readAnswer(reply.body, names).flatMap((one) => ("error" in one ? [one.error.code] : []));
    return { images: names.length, failures };
  } catch (error) {
    if (error instanceof UnansweredError) return failed("UNREACHABLE");
    throw error;
  }
}

function meanBatchRows(before: Series, after: Series): number | null {
  const runs = growthOfAll(before, after, `${BATCH_SIZE}_count`);
  return runs > 0 ? growthOfAll(before, after, `${BATCH_SIZE}_sum`) / runs : null;
}
