import { type ErrorCode, ServingError } from "../errors.ts";
import type { InstanceOutcome } from "../observability/metrics.ts";

/** Not the caller's doing: the same request may be answered at another time, or by another server. */
const SERVER_FAULTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "INTERNAL",
  "INFERENCE_FAILED",
  "QUEUE_FULL",
  "NOT_READY",
  "DRAINING",
  "DEADLINE_EXCEEDED",
]);

/** Returns whether a code says that the server, not the caller, is at fault. */
export function isServerFault(code: ErrorCode): boolean {
  return SERVER_FAULTS.has(code);
}

/** Returns how metrics count the instances of a request that failed as a whole. */
export function outcomeOf(error: unknown): InstanceOutcome {
  if (!(error instanceof ServingError)) return "failed";
  switch (error.code) {
    case "QUEUE_FULL":
      return "refused";
    case "DEADLINE_EXCEEDED":
      return "timeout";
    case "CANCELLED":
      return "cancelled";
    default:
      return isServerFault(error.code) ? "failed" : "bad_instance";
  }
}
