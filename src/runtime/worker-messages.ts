import type { Tensors } from "../tensor/tensor.ts";
import type { Feed, SessionInfo } from "./session.ts";

/** How a worker is started (`workerData`). */
export interface InferenceWorkerOptions {
  readonly modelPath: string;
  readonly device: "auto" | "cpu" | "cuda";
  /** Threads of one run. */
  readonly intraOpThreads: number;
  /**
   * The GPU, as CUDA counts them; of no account on a CPU.
   *
   * @default 0
   */
  readonly cudaDevice?: number;
}

/** Main thread → worker: end when the runs before this have ended. */
export const CLOSE = "close";

/** Main thread → worker. */
export interface RunMessage {
  readonly id: number;
  readonly feed: Feed;
}

/** The first message of a worker: the model is loaded, or why not. */
export type LoadedMessage =
  | { readonly kind: "loaded"; readonly info: SessionInfo }
  | { readonly kind: "refused"; readonly reason: string };

/** Outputs of `rowCount` rows that ran together, with their batch dimension, or of a whole feed; or why it failed. */
export type OutcomePart =
  | { readonly outputs: Tensors; readonly rowCount: number | "whole" }
  | { readonly error: string };

/** Worker → main thread, one for each {@link RunMessage}. */
export interface RanMessage {
  readonly kind: "ran";
  readonly id: number;
  readonly parts: readonly OutcomePart[];
  readonly computeInferMs: number;
}
