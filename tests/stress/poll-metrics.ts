import { setTimeout as sleep } from "node:timers/promises";
import { readMetrics, type Series } from "../../src/bench/metrics-page.ts";

const EVERY_MS = 20;

/**
 * Reads the metrics over and over until they are as they should be, and returns them.
 *
 * @throws {Error} when they are not within `seconds`.
 */
export async function pollMetrics(
  url: string,
  isReached: (metrics: Series) => boolean,
  seconds = 300,
): Promise<Series> {
  const endMs = performance.now() + seconds * 1000;
  for (;;) {
    const metrics = await readMetrics(url);
    if (isReached(metrics)) return metrics;
    if (performance.now() > endMs) throw new Error(`the metrics were not as expected within ${seconds} s`);
    await sleep(EVERY_MS);
  }
}
