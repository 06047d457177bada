import type { ServerResponse } from "node:http";
import { ServingError } from "../errors.ts";

/** What ends a request's work early. */
export interface RequestSignal {
  readonly signal: AbortSignal;
  /** Starts the deadline's clock, once, and returns the deadline on the clock of `performance.now()`. */
  startDeadline(timeoutMs: number): number;
  /** Stops the clock: each part of the request has a deadline of its own. */
  stopDeadline(): void;
  /** Stops the clock; call it when the request is answered. */
  stop(): void;
}

/**
 * Returns a signal that aborts with CANCELLED when the client leaves before its answer is out, with
 * DEADLINE_EXCEEDED when the deadline passes, and with `cutOff`'s reason when that is aborted.
 */
export function createRequestSignal(response: ServerResponse, cutOff: AbortSignal): RequestSignal {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onClose = () => controller.abort(new ServingError("CANCELLED", "the client left before its answer"));
  const onCutOff = () => controller.abort(cutOff.reason);
  response.once("close", onClose);
  cutOff.addEventListener("abort", onCutOff);
  if (cutOff.aborted) onCutOff();
  return {
    signal: controller.signal,
    startDeadline: (timeoutMs) => {
      timer = setTimeout(() => {
        controller.abort(
          new ServingError("DEADLINE_EXCEEDED", `no answer within ${timeoutMs} ms (REQUEST_TIMEOUT_MS)`),
        );
      }, timeoutMs);
      return performance.now() + timeoutMs;
    },
    stopDeadline: () => clearTimeout(timer),
    stop: () => {
      clearTimeout(timer);
      response.off("close", onClose);
      cutOff.removeEventListener("abort", onCutOff);
    },
  };
}
