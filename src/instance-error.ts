import { type ErrorCode, HandlerError, ServingError } from "./errors.ts";
import type { Instance } from "./protocol/predict-request.ts";
import type { Prediction } from "./protocol/write-predictions.ts";

/** Errors that are one instance's own: the others are answered as if it were not there. */
const INSTANCE_ERRORS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "INVALID_ARGUMENT",
  "INVALID_BASE64",
  "INVALID_IMAGE",
  "UNSUPPORTED_FORMAT",
  "IMAGE_TOO_LARGE",
]);

/** Tells whether an error is one instance's own: the request's others are answered as if it were not there. */
export function isInstanceError(error: unknown): error is ServingError {
  return error instanceof HandlerError || (error instanceof ServingError && INSTANCE_ERRORS.has(error.code));
}

/** ONNX Runtime's words may hold places in its sources: they go to the log, not to the caller. */
export function runError(reason: string): ServingError {
  return new ServingError("INFERENCE_FAILED", "the model could not run on this input", {
    cause: new Error(reason),
  });
}

/** Returns the error with the place of its instance in the request. */
export function atInstance(error: ServingError, index: number): ServingError {
  if (error.instance !== undefined) return error;
  return new ServingError(error.code, `instances[${index}]: ${error.message}`, {
    instance: index,
    cause: error.cause,
  });
}

/** Returns the prediction with the key that its instance came with. */
export function withKey(prediction: Prediction, instance: Instance | undefined): Prediction {
  return instance?.key === undefined ? prediction : { ...prediction, key: instance.key };
}
