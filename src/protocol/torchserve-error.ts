import type { ErrorCode, ServingError } from "../errors.ts";
import type { Answer } from "./answer.ts";

/** The names of TorchServe's exceptions; what is not here is a BadRequestException. */
const TYPES: Partial<Readonly<Record<ErrorCode, string>>> = {
  NOT_FOUND: "ModelNotFoundException",
  METHOD_NOT_ALLOWED: "MethodNotAllowedException",
  REQUEST_TIMEOUT: "RequestTimeoutException",
  INTERNAL: "InternalServerException",
  INFERENCE_FAILED: "InternalServerException",
  DEADLINE_EXCEEDED: "InternalServerException",
  QUEUE_FULL: "ServiceUnavailableException",
  NOT_READY: "ServiceUnavailableException",
  DRAINING: "ServiceUnavailableException",
};

/**
 * Returns the body that tells TorchServe's clients of an error.
 *
 * @see pytorch/serve `frontend/server/src/main/java/org/pytorch/serve/http/ErrorResponse.java`
 */
export function writeTorchServeError({ code, message }: ServingError, status: number): Answer {
  const isVersion = code === "NOT_FOUND" && message.startsWith("Model version");
  const type = isVersion ? "ModelVersionNotFoundException" : (TYPES[code] ?? "BadRequestException");
  return { code: status, type, message };
}
