import type { ServerResponse } from "node:http";
import { ServingError } from "../errors.ts";

/** What ends a request's work early. */
export interface RequestSignal {
  readonly signal: AbortSignal;
  /** Starts the deadline's clock, once, and returns the deadline on the clock of `performance.now()`. */
  startDeadline(timeoutMs: number): number;
  /** Stops the clock; call it when the request is answered. */
  stop(): void;
}

/**
 * Returns a signal that aborts with CANCELLED when the client leaves before its answer is out, and with
 * DEADLINE_EXCEEDED when the deadline passes.
 */
export function createRequestSignal(response: ServerResponse): RequestSignal {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onClose = () => controller.abort(new ServingError("CANCELLED", "the client left before its answer"));
  response.once("close", onClose);
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
    stop: () => {
      clearTimeout(timer);
      response.off("close", onClose);
    },
  };
}
