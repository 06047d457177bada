import type { Settings } from "./settings.ts";

const MIN_DEFAULT_MS = 60_000;

/**
 * Returns the longest time for one run of the model; 0 is without end. By default nobody waits for the run any more
 * when it is over, and a machine that is slow for a while loses no worker.
 */
export function runTimeoutMs(settings: Pick<Settings, "runTimeoutMs" | "requestTimeoutMs">): number {
  return settings.runTimeoutMs ?? Math.max(MIN_DEFAULT_MS, 2 * settings.requestTimeoutMs);
}
