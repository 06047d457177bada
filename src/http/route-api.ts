import type { ErrorCode } from "../errors.ts";

/** A family of clients. */
export type ApiTag =
  | "fastai-serving"
  | "TensorFlow Serving"
  | "Open Inference Protocol"
  | "SageMaker"
  | "TorchServe"
  | "Vertex AI"
  | "Flash Serve"
  | "Health"
  | "Console"
  | "Description";

/** What a route's body may be. */
export type BodyForm =
  | "analyze"
  | "predict"
  | "examples"
  | "inference"
  | "cloud"
  | "torchserve"
  | "flash"
  | "index"
  | "image"
  | "multipart"
  | "lines"
  | "npy"
  | "tensors";

/** What a route's answer may be. */
export type ReplyForm =
  | "analyze"
  | "predict"
  | "cloud"
  | "vertex"
  | "results"
  | "inference"
  | "tensors"
  | "torchserve"
  | "flash"
  | "lines"
  | "npy"
  | "png"
  | "alive"
  | "readiness"
  | "liveness"
  | "ping"
  | "metrics"
  | "model-names"
  | "model-status"
  | "model-metadata"
  | "server-metadata"
  | "server-live"
  | "server-ready"
  | "inference-metadata"
  | "model-ready"
  | "repository-index"
  | "execution-parameters"
  | "torchserve-models"
  | "torchserve-model"
  | "flash-alive"
  | "flash-meta"
  | "flash-dag"
  | "flash-components"
  | "openapi"
  | "page"
  | "script"
  | "style"
  | "icon";

/** A header or a part of a query that a route reads. */
export type ApiParameter =
  | "If-None-Match"
  | "Inference-Header-Content-Length"
  | "X-Amzn-SageMaker-Custom-Attributes"
  | "model_name"
  | "limit"
  | "next_page_token";

/**
 * What of a server's life a route needs, and so what may be wrong: nothing; a model that is loaded; or a turn in the
 * queue as well.
 */
export type ApiNeed = "nothing" | "model" | "prediction";

/** What a route takes and answers: its part of the OpenAPI document is made of it, and of nothing else. */
export interface RouteApi {
  readonly tag: ApiTag;
  /** In one line. */
  readonly summary: string;
  /**
   * The paths that the route answers, by the operationId of each, with `{name}` for what differs. A slash behind them,
   * which some routes take, is left out.
   */
  readonly operations: Readonly<Record<string, string>>;
  readonly needs: ApiNeed;
  /** The first one is the one that is shown. Absent: a body is not read. */
  readonly takes?: readonly [BodyForm, ...BodyForm[]];
  /** With 200. */
  readonly gives: readonly [ReplyForm, ...ReplyForm[]];
  /** With 503, where that is no error but the answer. */
  readonly unready?: ReplyForm;
  readonly parameters?: readonly ApiParameter[];
  /** What may be wrong besides what follows from the above. */
  readonly faults?: readonly ErrorCode[];
}

/** Routes that clients are not told of: `refused` always answers 405, and `internal` serves our own page alone. */
export type UntoldApi = "refused" | "internal";
