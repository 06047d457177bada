import type { ServerUnaryCall } from "@grpc/grpc-js";
import { ServingError } from "../errors.ts";

/** What ends a call's work early. */
export interface CallSignal {
  readonly signal: AbortSignal;
  /** On the clock of `performance.now()`: the caller's own, or the server's where that is earlier. */
  readonly deadlineMs: number;
  /** Stops the clock; call it when the call is answered. */
  stop(): void;
}

/**
 * Returns a signal that aborts with CANCELLED when the caller gives up, with DEADLINE_EXCEEDED when the deadline passes,
 * and with `cutOff`'s reason when that is aborted.
 *
 * @param callersDeadlineMs on the clock of `performance.now()`; infinite where there is none
 * @param timeoutMs the server's own limit, from now
 */
export function createCallSignal(
  call: Pick<ServerUnaryCall<unknown, unknown>, "on" | "off" | "cancelled">,
  callersDeadlineMs: number,
  { cutOff, timeoutMs }: { readonly cutOff: AbortSignal; readonly timeoutMs: number },
): CallSignal {
  const controller = new AbortController();
  const ownDeadlineMs = performance.now() + timeoutMs;
  const deadlineMs = Math.min(ownDeadlineMs, callersDeadlineMs);
  const onDeadline = () => {
    const isOwn = ownDeadlineMs <= callersDeadlineMs;
    const within = isOwn ? `${timeoutMs} ms (REQUEST_TIMEOUT_MS)` : "the caller's deadline";
    controller.abort(new ServingError("DEADLINE_EXCEEDED", `no answer within ${within}`));
  };
  // The library says so of a call whose deadline has passed, too.
  const onCancelled = () => {
    if (isPassed(callersDeadlineMs)) onDeadline();
    else controller.abort(new ServingError("CANCELLED", "the client left before its answer"));
  };
  const onCutOff = () => controller.abort(cutOff.reason);
  const timer = setTimeout(onDeadline, Math.max(0, deadlineMs - performance.now()));
  call.on("cancelled", onCancelled);
  cutOff.addEventListener("abort", onCutOff);
  if (call.cancelled) onCancelled();
  if (cutOff.aborted) onCutOff();
  return {
    signal: controller.signal,
    deadlineMs,
    stop: () => {
      clearTimeout(timer);
      call.off("cancelled", onCancelled);
      cutOff.removeEventListener("abort", onCutOff);
    },
  };
}

/** Node's timers may be a millisecond early. */
const TIMER_SLACK_MS = 1;

/** Tells whether a deadline has passed. */
export function isPassed(deadlineMs: number): boolean {
  return performance.now() + TIMER_SLACK_MS >= deadlineMs;
}
