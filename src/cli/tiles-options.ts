import type { OptionTable } from "./option-table.ts";
import { PREDICT_OPTIONS, type PredictOptions } from "./predict-options.ts";

/** Asked of the model as `predict` does. */
type ModelOptions = Pick<
  PredictOptions,
  | "url"
  | "modelDir"
  | "model"
  | "signature"
  | "topK"
  | "threshold"
  | "iouThreshold"
  | "maxDetections"
  | "concurrency"
  | "batchSize"
  | "maxBatchBytes"
  | "timeoutMs"
  | "giveUpAfterSeconds"
  | "header"
>;

/** What `tiles` is told. */
export interface TilesOptions extends ModelOptions {
  readonly bbox: string | undefined;
  readonly zoom: string | undefined;
  readonly queue: string | undefined;
  readonly imagery: string | undefined;
  readonly subdomains: string | undefined;
  readonly imageryHeader: readonly string[];
  readonly hostConcurrency: number;
  readonly tries: number;
  readonly imageTimeoutMs: number;
  readonly maxImageBytes: number;
  readonly maxUnreachable: number;
  readonly pendingTiles: number;
  readonly skipBlank: boolean;
  readonly output: readonly string[];
  readonly table: string;
  readonly failures: string | undefined;
  readonly checkpoint: string | undefined;
  readonly resume: boolean;
  readonly visibilitySeconds: number;
  readonly waitSeconds: number;
  readonly untilEmpty: boolean;
}

export const TILES_OPTIONS: OptionTable<TilesOptions> = {
  bbox: {
    kind: "text",
    default: undefined,
    unset: "a list",
    help: "West, south, east and north in degrees, such as 5.9,45.8,10.5,47.8: all tiles that touch it, at --zoom.",
  },
  zoom: { kind: "text", default: undefined, unset: "none", help: "Zoom of --bbox, or two such as 12-14." },
  queue: {
    kind: "text",
    default: undefined,
    unset: "a list",
    help: "URL of an Amazon SQS queue to take tiles from, until told to stop.",
  },
  imagery: {
    kind: "text",
    default: undefined,
    unset: "must be given",
    help: "Address of a tile with {x}, {y} and {z}, {-y}, {q}, {s} or {bbox-epsg-3857}; or an .mbtiles file.",
  },
  subdomains: {
    kind: "text",
    default: undefined,
    unset: "none",
    help: "What {s} stands for, in turns, such as a,b,c.",
  },
  imageryHeader: {
    kind: "list",
    help: "Header of every request for imagery; may be given several times.",
  },
  hostConcurrency: {
    kind: "integer",
    min: 1,
    max: 256,
    default: "8",
    help: "Requests for imagery to one host at once.",
  },
  tries: {
    kind: "integer",
    min: 1,
    max: 100,
    default: "4",
    help: "How often an image is asked for, with longer and longer waits, until its tile has failed.",
  },
  imageTimeoutMs: {
    kind: "integer",
    min: 1,
    max: 86_400_000,
    default: "30000",
    help: "Longest time for an image to arrive; then it is asked for again.",
  },
  maxImageBytes: {
    kind: "bytes",
    min: 1024,
    max: 2 ** 28,
    default: "16MiB",
    help: "Largest image that is taken; a larger one is TOO_LARGE.",
  },
  maxUnreachable: {
    kind: "integer",
    min: 1,
    max: 1_000_000_000,
    default: "100",
    help: "Tiles in a row whose host does not answer at all, after which the run ends; --resume goes on.",
  },
  pendingTiles: {
    kind: "integer",
    min: 1,
    max: 65_536,
    default: "256",
    help: "Tiles whose images are on their way or wait for another try; memory grows with it, not with the list.",
  },
  skipBlank: {
    kind: "switch",
    help: "Leaves out tiles that are all of one colour or transparent.",
  },
  output: {
    kind: "list",
    help: "Where results go: .ndjson, .csv, .geojson or .mbtiles file, postgres://..., or -; may be given several times. Default: -.",
  },
  table: { kind: "text", default: "results", help: "Table of Postgres, made if it is not there." },
  failures: {
    kind: "text",
    default: undefined,
    unset: "failures are counted, and the first ones told",
    help: "CSV file for the tiles that failed; it can be given as a list of tiles.",
  },
  checkpoint: {
    kind: "text",
    default: undefined,
    unset: "the name of the first file, with .checkpoint behind it",
    help: "File that says what is done, for --resume.",
  },
  resume: {
    kind: "switch",
    help: "Goes on with the run of --checkpoint, if there is one; then the tiles and outputs must be the same.",
  },
  visibilitySeconds: {
    kind: "integer",
    min: 2,
    max: 43_200,
    default: "60",
    help: "How long messages of --queue hide from other workers; renewed while their tiles are under way.",
  },
  waitSeconds: {
    kind: "integer",
    min: 0,
    max: 20,
    default: "20",
    help: "How long to wait for messages of --queue before asking again.",
  },
  untilEmpty: { kind: "switch", help: "Ends when --queue has no message to give." },
  url: PREDICT_OPTIONS.url,
  modelDir: PREDICT_OPTIONS.modelDir,
  model: PREDICT_OPTIONS.model,
  signature: PREDICT_OPTIONS.signature,
  topK: PREDICT_OPTIONS.topK,
  threshold: PREDICT_OPTIONS.threshold,
  iouThreshold: PREDICT_OPTIONS.iouThreshold,
  maxDetections: PREDICT_OPTIONS.maxDetections,
  concurrency: PREDICT_OPTIONS.concurrency,
  batchSize: PREDICT_OPTIONS.batchSize,
  maxBatchBytes: PREDICT_OPTIONS.maxBatchBytes,
  timeoutMs: PREDICT_OPTIONS.timeoutMs,
  giveUpAfterSeconds: PREDICT_OPTIONS.giveUpAfterSeconds,
  header: PREDICT_OPTIONS.header,
};
