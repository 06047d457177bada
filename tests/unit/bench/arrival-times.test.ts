import { describe, expect, test } from "vitest";
import { arrivalTimes } from "../../../src/bench/arrival-times.ts";

describe("arrivalTimes", () => {
  test("are at equal intervals when fixed, as many as the rate says", () => {
    const times = arrivalTimes({ perSecond: 4, seconds: 1.5, arrivals: "fixed", seed: 1 });
    expect(times).toEqual([0, 250, 500, 750, 1000, 1250]);
  });

  test("are the same for the same seed, and others for another", () => {
    const options = { perSecond: 50, seconds: 2, arrivals: "poisson" } as const;
    expect(arrivalTimes({ ...options, seed: 7 })).toEqual(arrivalTimes({ ...options, seed: 7 }));
    expect(arrivalTimes({ ...options, seed: 7 })).not.toEqual(arrivalTimes({ ...options, seed: 8 }));
  });

  test("have a Poisson process's gaps: exponential, of the mean that the rate says", () => {
    const times = arrivalTimes({ perSecond: 100, seconds: 200, arrivals: "poisson", seed: 3 });
    const gaps = times.map((time, i) => time - (times[i - 1] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
    expect(times.at(-1)).toBeLessThan(200_000);
    // 20,000 of them: their count deviates by 141, the share of gaps above the mean (1/e) by 0.0034. Four of each.
    expect(Math.abs(times.length - 20_000)).toBeLessThan(566);
    const aboveMean = gaps.filter((gap) => gap > 10).length / gaps.length;
    expect(Math.abs(aboveMean - Math.exp(-1))).toBeLessThan(0.014);
  });
});
