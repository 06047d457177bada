import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { BatchFailedError, type ErrorCode, type ServingError } from "../errors.ts";

/** The one table of codes and gRPC statuses: TensorFlow Serving's map of statuses to HTTP, read backwards. */
export const STATUS_OF_CODE: Readonly<Record<ErrorCode, status>> = {
  INVALID_JSON: status.INVALID_ARGUMENT,
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  INVALID_BASE64: status.INVALID_ARGUMENT,
  INVALID_IMAGE: status.INVALID_ARGUMENT,
  UNSUPPORTED_FORMAT: status.INVALID_ARGUMENT,
  /** An image of fewer pixels may pass, the same one never. */
  IMAGE_TOO_LARGE: status.INVALID_ARGUMENT,
  NOT_FOUND: status.NOT_FOUND,
  METHOD_NOT_ALLOWED: status.UNIMPLEMENTED,
  UNSUPPORTED_ENCODING: status.UNIMPLEMENTED,
  NOT_ACCEPTABLE: status.INVALID_ARGUMENT,
  /** As gRPC itself has it for a message that is too large. */
  BODY_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  TOO_MANY_INSTANCES: status.RESOURCE_EXHAUSTED,
  REQUEST_TIMEOUT: status.DEADLINE_EXCEEDED,
  DEADLINE_EXCEEDED: status.DEADLINE_EXCEEDED,
  CANCELLED: status.CANCELLED,
  INTERNAL: status.INTERNAL,
  INFERENCE_FAILED: status.INTERNAL,
  QUEUE_FULL: status.UNAVAILABLE,
  NOT_READY: status.UNAVAILABLE,
  DRAINING: status.UNAVAILABLE,
};

/** TensorFlow Serving cuts there. */
const MAX_DETAILS = 1024;

/**
 * Returns the status that tells a caller of an error. Its metadata names our code, and when another try may help:
 * `retry-after` as in HTTP, and the delay that gRPC's own retries keep.
 *
 * @see https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback
 */
export function toStatus(error: ServingError, metadata: Metadata = new Metadata()): StatusObject {
  const { retryAfterSeconds } = error;
  // Whatever the code of the first: the list as a whole was wrong.
  const code = error instanceof BatchFailedError ? "INVALID_ARGUMENT" : error.code;
  metadata.set("onnx-serving-code", error.code);
  if (retryAfterSeconds !== undefined) {
    metadata.set("retry-after", String(retryAfterSeconds));
    metadata.set("grpc-retry-pushback-ms", String(retryAfterSeconds * 1000));
  }
  // gRPC percent-encodes them, and throws on half a surrogate pair.
  const details = error.message.slice(0, MAX_DETAILS).toWellFormed();
  return { code: STATUS_OF_CODE[code], details, metadata };
}
