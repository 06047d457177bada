import type { RssSample } from "./rss-sampler.ts";

export interface RssSlope {
  readonly mibPerMinute: number;
  /** Half the width of its interval of 95 % confidence; NaN with fewer samples than blocks. */
  readonly marginMibPerMinute: number;
}

/** A second's memory is much like the last one's; the means of so many blocks hardly depend on each other. */
const BLOCKS = 20;
/** Student's t of 18 degrees of freedom: 97.5 % lie below. */
const STUDENT_T = 2.1009;

/**
 * Returns the least-squares slope through the means of twenty equal runs of samples, with its confidence. The
 * interval of a slope through the samples themselves would be far too narrow.
 */
export function rssSlope(samples: readonly RssSample[]): RssSlope {
  const length = Math.floor(samples.length / BLOCKS);
  const blocks = Array.from({ length: BLOCKS }, (_, i) => samples.slice(i * length, (i + 1) * length));
  const xs = blocks.map((block) => mean(block.map(({ minutes }) => minutes)));
  const ys = blocks.map((block) => mean(block.map(({ mib }) => mib)));
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const spread = sum(xs.map((x) => (x - meanX) ** 2));
  const slope = sum(xs.map((x, i) => (x - meanX) * ((ys[i] as number) - meanY))) / spread;
  const residue = sum(xs.map((x, i) => ((ys[i] as number) - meanY - slope * (x - meanX)) ** 2));
  return {
    mibPerMinute: slope,
    marginMibPerMinute: STUDENT_T * Math.sqrt(residue / (BLOCKS - 2) / spread),
  };
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
