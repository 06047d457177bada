import type { TypedComposition } from "./composition/type-composition.ts";
import type { CustomCode } from "./custom-code.ts";
import type { PreprocessSpec } from "./image/preprocess-spec.ts";
import type { ImageHooks } from "./image-workers/image-task.ts";
import type { Batching } from "./model/find-batching.ts";
import type { SampleImage } from "./model/find-samples.ts";
import type { GoldenResult } from "./model/golden.ts";
import type { LaneReport } from "./open-lanes.ts";
import type { ModelInputs } from "./protocol/predict-request.ts";
import type { SessionInfo } from "./runtime/session.ts";
import type { Head } from "./signature/head.ts";
import type { BatchPlan } from "./trial-run.ts";

/** A loaded model and all that is known of it; fixed while the process lives. */
export interface Servable extends BatchPlan {
  readonly name: string;
  readonly version: number;
  /** Name of the ONNX file inside the model folder. */
  readonly file: string;
  /** Of the ONNX file as it was loaded. */
  readonly sha256: string;
  readonly info: SessionInfo;
  readonly modelInputs: ModelInputs;
  /** Absent: the model takes plain tensors. */
  readonly preprocess?: PreprocessSpec;
  readonly head: Head;
  /** The model owner's own code, where there is any. */
  readonly custom?: CustomCode;
  /** Present where that takes part in an image's way to a row. */
  readonly imageHooks?: ImageHooks;
  readonly batching: Batching;
  /** Of every row that an image becomes; absent where it depends on the image, or the model takes none. */
  readonly rowBytes?: number;
  readonly lanes: LaneReport;
  readonly golden?: GoldenResult;
  /** Images of the model's folder to try it on. */
  readonly samples: readonly SampleImage[];
  /** An encoded image that it answers, to show how it is asked; where there is a small one. */
  readonly exampleImage?: Uint8Array;
  /** For each value of the preprocessing and the outputs, the file or rule that it came from. */
  readonly origins: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  /** Present where several linked models answer as one. */
  readonly composition?: TypedComposition;
}

/** What is learnt of a model while it serves. */
export interface Tuning {
  /** Most rows in one run, within the target latency where there is one. */
  readonly maxBatchSize: number;
  /** A run of `n` rows takes `fixedMs + n * rowMs`; undefined until a run is known. */
  readonly runTime: { readonly fixedMs: number; readonly rowMs: number } | undefined;
  /** How long one more row would be on its way to its result. */
  readonly expectedMs: number;
}
