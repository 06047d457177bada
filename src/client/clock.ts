import { setTimeout } from "node:timers/promises";

/** The time, as far as a client needs it. */
export interface Clock {
  /** Milliseconds on a clock that never goes back. */
  nowMs(): number;
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** @throws the signal's reason when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  // biome-ignore lint/style/noRestrictedGlobals: a Retry-After may name a time of day.
  wallMs: () => Date.now(),
  sleep: async (ms, signal) => {
    signal.throwIfAborted();
    await setTimeout(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
  },
};
