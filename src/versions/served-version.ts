import type { ModelConfig } from "../model/model-config.ts";
import type { LoadedModel } from "../serving/model-directory.ts";

/** A version of a model, loaded and proven. */
export interface ServedVersion {
  readonly model: LoadedModel;
  /** Batches that can run at once when all workers live. */
  readonly lanes: number;
  /** Whether a batch can run now: false while all of its workers are being replaced. */
  readonly isLive: boolean;
  /** Resolves when no request that found it is unanswered. */
  drained(): Promise<void>;
  /** Ends its workers. */
  close(): Promise<void>;
}

export interface LoadRequest {
  readonly config: ModelConfig;
  readonly version: number;
  /** The version that it follows, where one is served. */
  readonly before: ServedVersion | undefined;
  /** Whether requests are answered meanwhile. */
  readonly isBeside: boolean;
}

/** @throws {StartupError} why it can't be served. */
export type LoadVersion = (request: LoadRequest) => Promise<ServedVersion>;
