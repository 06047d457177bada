import type { OptionTable } from "./option-table.ts";

/** What `predict` is told. */
export interface PredictOptions {
  readonly url: string | undefined;
  readonly modelDir: string | undefined;
  readonly model: string | undefined;
  readonly signature: string | undefined;
  readonly topK: number | undefined;
  readonly threshold: number | undefined;
  readonly iouThreshold: number | undefined;
  readonly maxDetections: number | undefined;
  readonly format: "ndjson" | "csv";
  readonly output: string | undefined;
  readonly masks: string | undefined;
  readonly resume: boolean;
  readonly concurrency: number;
  readonly batchSize: number;
  readonly maxBatchBytes: number;
  readonly maxFileBytes: number;
  readonly timeoutMs: number;
  readonly giveUpAfterSeconds: number;
  readonly header: readonly string[];
}

export const PREDICT_OPTIONS: OptionTable<PredictOptions> = {
  url: {
    kind: "text",
    default: undefined,
    unset: "the model runs in this process",
    help: "Server to ask, such as http://localhost:8501, with what stands before its paths; a URL that ends with :predict is taken as it is.",
  },
  modelDir: {
    kind: "text",
    default: undefined,
    unset: "MODEL_DIR",
    help: "Folder of the model to run in this process; the server's environment variables apply.",
  },
  model: {
    kind: "text",
    default: undefined,
    unset: "the first one, at /analyze",
    help: "Name of the model, asked at /v1/models/<name>; a version may stand behind it, as in digits/versions/2.",
  },
  signature: {
    kind: "text",
    default: undefined,
    unset: "the server's",
    help: "Form of the predictions: class, label, scores, top_k, boxes, mask_png and so on.",
  },
  topK: {
    kind: "integer",
    min: 1,
    max: 1_000_000,
    default: undefined,
    unset: "5",
    help: "How many classes top_k names; asks for top_k where no signature is named.",
  },
  threshold: {
    kind: "number",
    min: 0,
    max: 1,
    default: undefined,
    unset: "the model's",
    help: "Lowest score of a box, or of a label of a multi-label model.",
  },
  iouThreshold: {
    kind: "number",
    min: 0,
    max: 1,
    default: undefined,
    unset: "the model's",
    help: "Boxes of a class that overlap more than this are one.",
  },
  maxDetections: {
    kind: "integer",
    min: 1,
    max: 3000,
    default: undefined,
    unset: "the model's",
    help: "Most boxes of an image.",
  },
  format: {
    kind: "choice",
    choices: ["ndjson", "csv"],
    default: "ndjson",
    help: "How results are written: one JSON object a line, or a table.",
  },
  output: {
    kind: "text",
    default: undefined,
    unset: "standard output",
    help: "File for the results; it must not be there yet, unless with --resume.",
  },
  masks: {
    kind: "text",
    default: undefined,
    unset: "no files",
    help: "Folder for the masks of a segmentation, a PNG for each image; asks for mask_png.",
  },
  resume: {
    kind: "switch",
    help: "Goes on with --output: images that have a result there are left out, failed ones are tried again.",
  },
  concurrency: { kind: "integer", min: 1, max: 256, default: "4", help: "Requests on their way at once." },
  batchSize: { kind: "integer", min: 1, max: 1024, default: "8", help: "Most images in a request." },
  maxBatchBytes: {
    kind: "bytes",
    min: 1024,
    max: 2 ** 28,
    default: "16MiB",
    help: "Most bytes of images in a request; a larger image goes alone.",
  },
  maxFileBytes: {
    kind: "bytes",
    min: 1024,
    max: 2 ** 28,
    default: "48MiB",
    help: "Largest file that is read; a larger one is FILE_TOO_LARGE.",
  },
  timeoutMs: {
    kind: "integer",
    min: 1,
    max: 86_400_000,
    default: "60000",
    help: "Longest time for one request to be answered; then it is sent again.",
  },
  giveUpAfterSeconds: {
    kind: "integer",
    min: 0,
    max: 86_400,
    default: "300",
    help: "How long a request is tried again while the server is busy, starting or away; 0 tries once.",
  },
  header: {
    kind: "list",
    help: 'Header of every request, such as "Authorization: Bearer ..."; may be given several times.',
  },
};
