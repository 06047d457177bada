import { describe, expect, test } from "vitest";
import { rssSlope } from "../../../benchmark/soak/rss-slope.ts";
import { seededRandom } from "../../../src/bench/seeded-random.ts";

/** A sample each second. */
function samples(seconds: number, mib: (minutes: number) => number) {
  return Array.from({ length: seconds }, (_, i) => ({ minutes: i / 60, mib: mib(i / 60) }));
}

describe("rssSlope", () => {
  test("is exact on a straight line", () => {
    const { mibPerMinute, marginMibPerMinute } = rssSlope(samples(600, (minutes) => 300 + 1.5 * minutes));
    expect(mibPerMinute).toBeCloseTo(1.5, 10);
    expect(marginMibPerMinute).toBeCloseTo(0, 8);
  });

  test("has the margin of a least-squares line through the blocks' means", () => {
    // Blocks of one sample, 1 and -1 in turns. scipy: linregress(x, y).stderr * t.ppf(0.975, 18) = 0.0855537.
    const { mibPerMinute, marginMibPerMinute } = rssSlope(
      Array.from({ length: 20 }, (_, i) => ({ minutes: i, mib: i % 2 === 0 ? 1 : -1 })),
    );
    expect(mibPerMinute).toBeCloseTo(-10 / 665, 10);
    expect(marginMibPerMinute).toBeCloseTo(0.0855537, 5);
  });

  test("holds the true slope in 95 of 100 noisy runs, give or take four deviations", () => {
    const held = Array.from({ length: 400 }, (_, seed) => {
      const random = seededRandom(seed);
      // Memory wanders back to its level, so that neighbours are alike: a half-life of about two seconds.
      let wander = 0;
      const noisy = samples(1200, (minutes) => {
        wander = 0.7 * wander + 10 * (random() - 0.5);
        return 300 + 0.2 * minutes + wander;
      });
      const { mibPerMinute, marginMibPerMinute } = rssSlope(noisy);
      return Math.abs(mibPerMinute - 0.2) <= marginMibPerMinute;
    }).filter(Boolean).length;
    // Binomial of 400 and 0.95: mean 380, deviation 4.4.
    expect(held).toBeGreaterThanOrEqual(362);
    expect(held).toBeLessThanOrEqual(397);
  });

  test("has no confidence with fewer samples than blocks", () => {
    expect(rssSlope(samples(19, () => 300)).marginMibPerMinute).toBeNaN();
  });
});
