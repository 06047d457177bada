/** A request and its answer. All times are on the same clock, in milliseconds. */
export interface TimedExchange<Outcome> {
  /** When it should have been sent. */
  readonly dueMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly outcome: Outcome;
}

/** All that was sent, also before and after the part that is measured. */
export interface MeasuredLoad<Outcome> {
  readonly exchanges: readonly TimedExchange<Outcome>[];
  readonly startMs: number;
  readonly endMs: number;
  /** CPU time of this process in the measured part. */
  readonly cpuMs: number;
}

/** Returns how many requests were answered in the measured part; one that it cuts counts for its share: a few long ones would else make a coarse count. */
export function answeredWithin<Outcome>(
  { startMs, endMs }: MeasuredLoad<Outcome>,
  exchanges: readonly TimedExchange<Outcome>[],
): number {
  let sum = 0;
  for (const one of exchanges) {
    const insideMs = Math.min(one.endMs, endMs) - Math.max(one.startMs, startMs);
    sum += Math.max(0, insideMs) / (one.endMs - one.startMs);
  }
  return sum;
}
