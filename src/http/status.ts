import type { ErrorCode } from "../errors.ts";

/** The one table of codes and HTTP statuses. */
export const STATUS_OF_CODE: Readonly<Record<ErrorCode, number>> = {
  INVALID_JSON: 400,
  INVALID_ARGUMENT: 400,
  INVALID_BASE64: 400,
  INVALID_IMAGE: 400,
  UNSUPPORTED_FORMAT: 400,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  BODY_TOO_LARGE: 413,
  TOO_MANY_INSTANCES: 413,
  IMAGE_TOO_LARGE: 413,
  UNSUPPORTED_ENCODING: 415,
  /** Only in the log: the client is gone. */
  CANCELLED: 499,
  INTERNAL: 500,
  INFERENCE_FAILED: 500,
  QUEUE_FULL: 503,
  NOT_READY: 503,
  DRAINING: 503,
  DEADLINE_EXCEEDED: 504,
};
