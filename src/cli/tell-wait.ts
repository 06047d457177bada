/** A wait from this length on is told: shorter ones pass before somebody has read of them. */
const TOLD_WAIT_MS = 5000;

/** Returns what to say of a wait before another try; undefined for a short one. */
export function tellWait(reason: string, delayMs: number): string | undefined {
  return delayMs < TOLD_WAIT_MS ? undefined : `${reason}; next try in ${Math.round(delayMs / 1000)} s`;
}
