import type { TensorSpec, Tensors } from "../tensor/tensor.ts";

/** What a loaded model declares, and where it runs. */
export interface SessionInfo {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly provider: "cpu" | "cuda";
  /** Why CUDA is not used although it was asked for with `auto`. */
  readonly providerWarning?: string;
}

/** Where a session runs, and with how much of the machine. */
export interface SessionPlace {
  /** 0 for the first of the sessions that serve together, 1 for the second ... */
  readonly lane: number;
  readonly device: "auto" | "cpu" | "cuda";
  /** Threads of one run. */
  readonly intraOpThreads: number;
  /** The GPU, as CUDA counts them; of no account on a CPU. */
  readonly cudaDevice: number;
}

/** What one run is fed. The session takes the tensors over: their memory may be gone afterwards. */
export type Feed =
  /**
   * Rows to merge along axis 0, padded with copies of the last one up to `batchSize`.
   * Shapes: each tensor of a row is `[...S]`, without the batch dimension.
   */
  | { readonly kind: "rows"; readonly rows: readonly Tensors[]; readonly batchSize: number }
  /** Tensors to feed as they are. */
  | { readonly kind: "whole"; readonly feeds: Tensors };

/** What a run gave for a row (or for the whole feed): its outputs, or why it failed. */
export type RowOutcome = { readonly outputs: Tensors } | { readonly error: string };

export interface RunOutcome {
  /** One for each row, in order, without the batch dimension; exactly one, as it came, for a whole feed. */
  readonly rows: readonly RowOutcome[];
  /** Time inside ONNX Runtime. */
  readonly computeInferMs: number;
  /** Waited for its turn, before it ran. @default 0 */
  readonly waitedMs?: number;
  /** The rows did not run together, so each was run alone. */
  readonly ranAlone?: boolean;
  /** It had all threads to itself, where other runs share them: no measure of those. */
  readonly wasWide?: boolean;
}

/**
 * A loaded model that runs off the calling thread.
 *
 * When a run of several rows fails, each row is run again alone, so that only the culprit fails.
 *
 * @throws {ServingError} INFERENCE_FAILED from `run` when the thread that holds the model died, or does not come back.
 */
export interface Session {
  readonly info: SessionInfo;
  /** Only while the thread that holds the model is being replaced: settles when that has come about, or can't. */
  readonly restored?: Promise<unknown> | undefined;
  run(feed: Feed): Promise<RunOutcome>;
  close(): Promise<void>;
}
