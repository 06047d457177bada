import type { ServingError } from "../errors.ts";

export interface WithinOptions {
  readonly signal: AbortSignal;
  /** From now. */
  readonly timeoutMs: number;
  readonly onTimeout: () => ServingError;
}

/**
 * Returns what `work` does, unless the signal is aborted or the time is over before. Unlike `Promise.race` it leaves
 * nothing on a signal that outlives it.
 *
 * @throws the signal's reason, or what `onTimeout` returns, or what `work` throws.
 */
export function within<Result>(
  work: Promise<Result>,
  { signal, timeoutMs, onTimeout }: WithinOptions,
): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (reason: unknown) => {
      stop();
      reject(reason);
    };
    const onAbort = () => fail(signal.reason);
    const timer = setTimeout(() => fail(onTimeout()), timeoutMs);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    work.then((result) => {
      stop();
      resolve(result);
    }, fail);
  });
}
