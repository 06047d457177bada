import { seededRandom } from "./seeded-random.ts";

export interface ArrivalOptions {
  readonly perSecond: number;
  readonly seconds: number;
  /** `fixed`: at equal intervals. `poisson`: independent of each other, as many users are. */
  readonly arrivals: "fixed" | "poisson";
  readonly seed: number;
}

/** Returns when requests are due, in milliseconds from the start, ascending; the same for the same seed. */
export function arrivalTimes({ perSecond, seconds, arrivals, seed }: ArrivalOptions): number[] {
  const meanMs = 1000 / perSecond;
  if (arrivals === "fixed") {
    return Array.from({ length: Math.round(perSecond * seconds) }, (_, i) => i * meanMs);
  }
  const random = seededRandom(seed);
  // The gaps of a Poisson process are exponential; `random` may be 0 and is never 1.
  const gapMs = () => -meanMs * Math.log(1 - random());
  const times: number[] = [];
  for (let atMs = gapMs(); atMs < seconds * 1000; atMs += gapMs()) times.push(atMs);
  return times;
}
