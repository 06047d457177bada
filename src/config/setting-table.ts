import type { SettingRow, Settings } from "./settings.ts";
import { TELEMETRY_SETTINGS } from "./telemetry-setting-table.ts";

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
  modelBasePath: {
    kind: "text",
    default: undefined,
    unset: "the one model of MODEL_DIR",
    help: "Folder of several models, one folder each, in the place of MODEL_DIR; see docs/models.md.",
  },
  modelConfigFile: {
    kind: "text",
    default: undefined,
    unset: "the one model of MODEL_DIR",
    help: "TensorFlow Serving's model_config_list of the models to serve, in the place of MODEL_DIR; see docs/models.md.",
  },
  fileSystemPollWaitSeconds: {
    ...integer(0, DAY_MS / 1000),
    default: "0",
    help: "How often to look for new and removed versions and models; 0 looks only at start.",
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
  maxArchiveBytes: {
    ...bytes(1024, 1024 * GIB),
    default: "8GiB",
    help: "Most bytes that a model archive (.mar) unpacks to, in the system's temporary folder.",
  },
  utilsDir: {
    kind: "text",
    default: undefined,
    unset: "the model's folder",
    help: "Folder of handler.mjs, custom code that is kept apart from the model.",
  },
  host: { kind: "text", default: "0.0.0.0", help: "Address to listen on." },
  port: { ...integer(0, 65535), default: "8501", help: "Port to listen on; 0 takes a free one." },
  grpcPort: {
    ...integer(0, 65535),
    default: undefined,
    unset: "no gRPC",
    help: "Port to listen on for gRPC, which TensorFlow Serving has at 8500; 0 takes a free one.",
  },
  aipHttpPort: {
    ...integer(0, 65535),
    default: undefined,
    unset: "PORT",
    help: "Port to listen on, as Vertex AI states it; it wins over PORT.",
  },
  aipHealthRoute: {
    kind: "text",
    default: undefined,
    unset: "no such route",
    help: "Path whose GET Vertex AI takes for the health of the server: 200 when predictions are answered, else 503.",
  },
  aipPredictRoute: {
    kind: "text",
    default: undefined,
    unset: "no such route",
    help: "Path to which Vertex AI posts its predictions.",
  },
  aipStorageUri: {
    kind: "text",
    default: undefined,
    unset: "nothing",
    help: "Where Vertex AI keeps the model's files; nothing is fetched from there, the model is that of MODEL_DIR.",
  },
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
  batchingParametersFile: {
    kind: "text",
    default: undefined,
    unset: "the settings below",
    help: "TensorFlow Serving's batching parameters; see docs/models.md.",
  },
  maxBatchSize: {
    ...integer(1, 4096),
    default: undefined,
    unset: "learnt at warm-up",
    help: "Most rows in one run of the model.",
  },
  allowedBatchSizes: {
    kind: "sizes",
    min: 1,
    max: 4096,
    default: undefined,
    unset: "every size on a CPU; 1, 2, 4 ... on CUDA",
    help: "Sizes that a run may have, the last the largest: batches are padded to the next one.",
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
  maxUnsentBytes: {
    ...bytes(1024, 64 * GIB),
    default: "256MiB",
    help: "Most bytes of answers that their clients have not yet taken; past it a request gets QUEUE_FULL.",
  },
  compressMinBytes: {
    ...bytes(0, GIB / 2),
    default: "64KiB",
    help: "Answers from this size on are compressed (br, gzip) where Accept-Encoding names that; 0 compresses none.",
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
  maxDecodeBytes: {
    ...bytes(1024, 1024 * GIB),
    default: undefined,
    unset: "60 % of the memory that is left once the model is loaded, and at least 64MiB",
    help: "Most memory that the decoding of large images takes at once: they wait for each other; one that takes more alone gets IMAGE_TOO_LARGE.",
  },
  maxKeptPixelBytes: {
    ...bytes(2 ** 20, 64 * GIB),
    default: "512MiB",
    help: "Most bytes of decoded pixels that a composed model keeps for its crops; further images wait. One larger image is kept alone.",
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
  sendTimeoutMs: {
    ...integer(1000, DAY_MS),
    default: "60000",
    help: "Longest time for a client to take its answer; then its connection is cut.",
  },
  imageTimeoutMs: {
    ...integer(1, DAY_MS),
    default: "10000",
    help: "Longest time for decoding and preprocessing one image; then its worker is replaced.",
  },
  runTimeoutMs: {
    ...integer(0, DAY_MS),
    default: undefined,
    unset: "twice REQUEST_TIMEOUT_MS, and at least 60000",
    help: "Longest time for one run of the model; then its batch fails and its worker is replaced. 0 sets no limit.",
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
    help: "Longest time from SIGTERM to the end of the process; shortly before, unfinished requests get DRAINING, and the exit code is 1.",
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
  flashRoutes: {
    kind: "text",
    default: "/predict,/classify,/detect",
    help: "Paths that answer as Flash Serve does, with a comma between them.",
  },
  docs: {
    kind: "choice",
    choices: ["on", "off"],
    default: "on",
    help: "The OpenAPI document at /openapi.json and OPTIONS /, and Swagger UI at /docs; off removes them.",
  },
  corsOrigin: {
    kind: "text",
    default: "*",
    help: "Value of Access-Control-Allow-Origin; `off` sends no CORS header.",
  },
  console: {
    kind: "choice",
    choices: ["on", "off"],
    default: "on",
    help: "The page for people at /, and the samples that it shows; `off` serves neither, see docs/console.md.",
  },
  logLevel: {
    kind: "choice",
    choices: ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
    default: "info",
    help: "Least severe log line that is written.",
  },
  ...TELEMETRY_SETTINGS,
};

/** Returns the environment variable of a setting: `maxBatchSize` → `MAX_BATCH_SIZE`. */
export function variableName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** Returns the flag of a setting, without dashes: `maxBatchSize` → `max-batch-size`. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
