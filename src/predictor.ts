import type { PredictRequest } from "./protocol/predict-request.ts";
import type { Prediction } from "./protocol/write-predictions.ts";
import { RequestFlow, type RequestParts } from "./request-flow.ts";
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
}

/** One prediction for each instance, in order; or all outputs of a columnar request at once. */
export type PredictAnswer =
  | { readonly kind: "predictions"; readonly predictions: readonly Prediction[] }
  | { readonly kind: "outputs"; readonly outputs: Tensors };

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
    const controller = new AbortController();
    const abort = () => controller.abort(options.signal.reason);
    options.signal.addEventListener("abort", abort, { once: true });
    const aborted = new Promise<never>((_, reject) => {
      controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
    });
    try {
      const flow = new RequestFlow(this.#parts, { ...options, signal: controller.signal });
      return await Promise.race([flow.answer(request), aborted]);
    } catch (error) {
      // The rest of the request is in vain: its waiting rows leave the queues.
      controller.abort(error);
      throw error;
    } finally {
      options.signal.removeEventListener("abort", abort);
    }
  }
}
