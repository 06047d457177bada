import { ServingError } from "../errors.ts";
import type { ServingApi } from "./serving-api.ts";

/** @throws {ServingError} NOT_READY or DRAINING when predictions are not answered now. */
export function requireWork({ lifecycle }: Pick<ServingApi, "lifecycle">): void {
  if (lifecycle.takesWork) return;
  const code = lifecycle.state === "DRAINING" ? "DRAINING" : "NOT_READY";
  throw new ServingError(code, `predictions are not answered now: ${lifecycle.state}`, {
    retryAfterSeconds: 1,
  });
}
