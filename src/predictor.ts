import type { StageTimes } from "./observability/stage-times.ts";
import type { PredictRequest } from "./protocol/predict-request.ts";
import type { Prediction } from "./protocol/write-predictions.ts";
import { RequestFlow } from "./request-flow.ts";
import type { RequestParts } from "./request-parts.ts";
import type { SignatureName } from "./signature/head.ts";
import type { SignatureParameters } from "./signature/signature-parameters.ts";
import type { Tensors } from "./tensor/tensor.ts";

export interface PredictOptions {
  readonly signature: SignatureName;
  readonly parameters: SignatureParameters;
  /** Aborted with a ServingError when the client left or the deadline passed. */
  readonly signal: AbortSignal;
  /** On the clock of `performance.now()`. */
  readonly deadlineMs: number;
  /** Called when one of the request's rows has its answer, or never will. */
  readonly rowEnded: () => void;
  /** Where the request is traced. */
  readonly stages?: StageTimes | undefined;
}

/** One prediction for each instance, in order; or all outputs of a columnar request at once. */
export type PredictAnswer =
  | { readonly kind: "predictions"; readonly predictions: readonly Prediction[] }
  | { readonly kind: "outputs"; readonly outputs: Tensors };

/** The instances of a stream on their way: one flow among the requests, however many they are. */
export type InstanceFlow = Pick<RequestFlow, "predictOne">;

/**
 * From a request's instances to their predictions: decode and preprocess in the image workers, batch with
 * the rows of other requests, run, render.
 */
export class Predictor {
  readonly #parts: RequestParts;

  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  /**
   * Opens a stream of instances, each with a deadline of its own.
   *
   * @param parameters as the caller sent them, for a handler
   */
  openFlow(
    options: Omit<PredictOptions, "deadlineMs">,
    parameters: PredictRequest["parameters"],
  ): InstanceFlow {
    return new RequestFlow(this.#parts, { ...options, deadlineMs: Number.POSITIVE_INFINITY }, parameters);
  }

  /**
   * Answers a request.
   *
   * Order: prediction i belongs to instance i. An instance that can't be decoded, run or rendered becomes
   * an error in its place; whatever else goes wrong is the request's.
   *
   * @throws {ServingError} the signal's reason when aborted; INFERENCE_FAILED when the model's worker died;
   * INVALID_ARGUMENT when a columnar or stacked request does not fit the model.
   */
  async predict(request: PredictRequest, options: PredictOptions): Promise<PredictAnswer> {
    options.signal.throwIfAborted();
    const letGo = this.#parts.hold?.();
    try {
      return await untilAborted(options.signal, (signal) =>
        this.open({ ...options, signal }).answer(request),
      );
    } finally {
      letGo?.();
    }
  }

  /** Begins a request's way through the stages, of which its owner takes each instance as it likes. */
  open(options: PredictOptions): RequestFlow {
    return new RequestFlow(this.#parts, options);
  }
}

/**
 * Returns what `work` gives, or fails with the signal's reason as soon as that is aborted. What is left of the work when
 * it has failed is in vain: the signal that it was given is aborted then, so that its waiting rows leave the queues.
 *
 * @throws the signal's reason, and what `work` throws.
 */
export async function untilAborted<Result>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
  });
  try {
    return await Promise.race([work(controller.signal), aborted]);
  } catch (error) {
    controller.abort(error);
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
