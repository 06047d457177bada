/** Every setting of the server, after defaults. Units stand in the names. */
export interface Settings {
  readonly modelDir: string;
  readonly modelName: string;
  readonly modelFile: string | undefined;
  readonly modelVariant: string | undefined;
  readonly utilsDir: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly device: "auto" | "cpu" | "cuda";
  readonly cudaDevices: string | undefined;
  readonly maxBatchSize: number | undefined;
  readonly batchTimeoutMicros: number;
  readonly targetLatencyMs: number | undefined;
  readonly maxEnqueuedInstances: number;
  readonly maxEnqueuedBytes: number;
  readonly maxBodyBytes: number;
  readonly maxInstances: number;
  readonly maxImagePixels: number;
  readonly requestTimeoutMs: number;
  readonly receiveTimeoutMs: number;
  readonly imageTimeoutMs: number;
  readonly inferenceLanes: number | undefined;
  readonly intraOpThreads: number | undefined;
  readonly imageWorkers: number | undefined;
  readonly keepAliveMs: number;
  readonly drainDelayMs: number;
  readonly shutdownTimeoutMs: number;
  readonly onBadInstance: "report" | "fail" | undefined;
  readonly defaultSignature: string | undefined;
  readonly corsOrigin: string;
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
}

/** What values a setting takes. `bytes` is a whole number with an optional KiB, MiB or GiB behind it. */
export type SettingKind =
  | { readonly kind: "text" }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  | { readonly kind: "bytes"; readonly min: number; readonly max: number }
  | { readonly kind: "choice"; readonly choices: readonly string[] };

/** One row of the table: `default` as a user would write it, `undefined` with the reason in `unset`. */
export type SettingRow = SettingKind & {
  readonly default: string | undefined;
  /** What happens when it is not set; only where there is no default. */
  readonly unset?: string;
  /** One sentence; the same text stands in `--help` and in docs/configuration.md. */
  readonly help: string;
};

const GIB = 2 ** 30;
const DAY_MS = 86_400_000;

const integer = (min: number, max: number): { kind: "integer"; min: number; max: number } => ({
  kind: "integer",
  min,
  max,
});
const bytes = (min: number, max: number): { kind: "bytes"; min: number; max: number } => ({
  kind: "bytes",
  min,
  max,
});

/** The one table of settings: the environment variable `MAX_BATCH_SIZE` and the flag `--max-batch-size` are `maxBatchSize`. */
export const SETTINGS: { readonly [Name in keyof Settings]: SettingRow } = {
  modelDir: {
    kind: "text",
    default: "model_dir",
    help: "Folder of the exported model.",
  },
  modelName: {
    kind: "text",
    default: "model",
    help: "Name of the model in /v1/models/<name>.",
  },
  modelFile: {
    kind: "text",
    default: undefined,
    unset: "model.onnx, onnx/model.onnx or the only *.onnx",
    help: "ONNX file inside MODEL_DIR to serve, where there are several.",
  },
  modelVariant: {
    kind: "text",
    default: undefined,
    unset: "no suffix",
    help: "Serves model_<variant>.onnx or onnx/model_<variant>.onnx: fp16, int8, quantized, q4 and so on.",
  },
  utilsDir: {
    kind: "text",
    default: undefined,
    unset: "the model's folder",
    help: "Folder of handler.mjs, custom code that is kept apart from the model.",
  },
  host: { kind: "text", default: "0.0.0.0", help: "Address to listen on." },
  port: { ...integer(0, 65535), default: "8501", help: "Port to listen on; 0 takes a free one." },
  device: {
    kind: "choice",
    choices: ["auto", "cpu", "cuda"],
    default: "auto",
    help: "Where the model runs; auto takes CUDA if it works, else the CPU with a warning; cuda fails the start if CUDA does not work.",
  },
  cudaDevices: {
    kind: "text",
    default: undefined,
    unset: "every GPU of the container that works",
    help: "GPUs to use, as CUDA counts them: 0,1 or all; each that is named must work.",
  },
  maxBatchSize: {
    ...integer(1, 4096),
    default: undefined,
    unset: "learnt at warm-up",
    help: "Most rows in one run of the model.",
  },
  batchTimeoutMicros: {
    ...integer(0, 60_000_000),
    default: "0",
    help: "How long an idle device waits for a fuller batch, from the arrival of the batch's first row; never longer than the fuller batch saves.",
  },
  targetLatencyMs: {
    ...integer(1, DAY_MS),
    default: undefined,
    unset: "batches serve throughput",
    help: "Keeps batches so small that a row has its result in this time where there is no queue.",
  },
  maxEnqueuedInstances: {
    ...integer(1, 1_000_000),
    default: "1024",
    help: "Most instances accepted and not yet answered; past it a request gets QUEUE_FULL.",
  },
  maxEnqueuedBytes: {
    ...bytes(1024, 64 * GIB),
    default: "256MiB",
    help: "Most bytes of request bodies accepted and not yet answered; past it a request gets QUEUE_FULL.",
  },
  maxBodyBytes: {
    ...bytes(1024, GIB / 2),
    default: "64MiB",
    help: "Largest request body, counted after decompression.",
  },
  maxInstances: { ...integer(1, 1_000_000), default: "1024", help: "Most instances in one request." },
  maxImagePixels: {
    ...integer(1, 1_000_000_000),
    default: "50000000",
    help: "Most pixels (height x width) of one image, read from its header.",
  },
  requestTimeoutMs: {
    ...integer(1, DAY_MS),
    default: "30000",
    help: "Longest time from a request's last byte to its answer; then DEADLINE_EXCEEDED.",
  },
  receiveTimeoutMs: {
    ...integer(1000, DAY_MS),
    default: "60000",
    help: "Longest time for a request to arrive in full; then 408.",
  },
  imageTimeoutMs: {
    ...integer(1, DAY_MS),
    default: "10000",
    help: "Longest time for decoding and preprocessing one image; then its worker is replaced.",
  },
  inferenceLanes: {
    ...integer(1, 256),
    default: undefined,
    unset: "one for each GPU; on a CPU learnt at warm-up",
    help: "Sessions of the model that run batches side by side; each holds the weights.",
  },
  intraOpThreads: {
    ...integer(1, 1024),
    default: undefined,
    unset: "the CPUs that the container may use, shared out among the lanes",
    help: "Threads of one run of the model.",
  },
  imageWorkers: {
    ...integer(1, 256),
    default: undefined,
    unset: "the CPUs that the container may use",
    help: "Threads that decode and preprocess images.",
  },
  keepAliveMs: {
    ...integer(1, DAY_MS),
    default: "75000",
    help: "How long an idle connection stays open; keep it above the idle time of your load balancer.",
  },
  drainDelayMs: {
    ...integer(0, DAY_MS),
    default: "5000",
    help: "How long the server goes on answering, not ready, after SIGTERM.",
  },
  shutdownTimeoutMs: {
    ...integer(1, DAY_MS),
    default: "28000",
    help: "Longest time from SIGTERM to the end of the process; unfinished work is then cut off, with exit code 1.",
  },
  onBadInstance: {
    kind: "choice",
    choices: ["report", "fail"],
    default: undefined,
    unset: "report on /analyze, fail on /v1",
    help: "One bad instance among good ones: report it in its place with 200, or fail the request with 400.",
  },
  defaultSignature: {
    kind: "text",
    default: undefined,
    unset: "the dialect's own",
    help: "Signature of requests that name none, on every route.",
  },
  corsOrigin: {
    kind: "text",
    default: "*",
    help: "Value of Access-Control-Allow-Origin; `off` sends no CORS header.",
  },
  logLevel: {
    kind: "choice",
    choices: ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
    default: "info",
    help: "Least severe log line that is written.",
  },
};

/** Returns the environment variable of a setting: `maxBatchSize` → `MAX_BATCH_SIZE`. */
export function variableName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** Returns the flag of a setting, without dashes: `maxBatchSize` → `max-batch-size`. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
