import { fixed } from "../fixed.ts";
import type { SoakFigures } from "./measure-soak.ts";
import { type RssSlope, rssSlope } from "./rss-slope.ts";

/** One promise about what a server holds, and whether it was kept; undefined: it could not be looked at. */
export interface SoakCheck {
  readonly name: string;
  readonly passed: boolean | undefined;
  readonly figure: string;
}

/** In which arenas, pools and recycled memory grow to their size. */
const SETTLING_SHARE = 0.2;
/** From here on the slope tells growth from the coming and going of images, and a minute of other work is no matter. */
const LONG_MINUTES = 10;
/** Growth after settling, in a long soak. */
const MAX_GROWTH_MIB = 50;
/** In a short one: a server that forgets to free a hundredth of what it is sent grows by more. */
const MAX_SHORT_GROWTH_MIB = 150;
const MAX_ABOVE_MODEL_MIB = 150;
const MAX_LAG_MS = 50;
/** Connections of the one who reads the figures. */
const SPARE_DESCRIPTORS = 3;

/** Returns the slope after settling. */
export function settledSlope({ rss }: SoakFigures): RssSlope {
  return rssSlope(settled(rss));
}

/** Judges a soak. */
export function soakChecks(figures: SoakFigures): SoakCheck[] {
  const { before, after, minutes, rss, saturatedRss, modelAlone, faultCount } = figures;
  const { mibPerMinute } = settledSlope(figures);
  const growthMib = mibPerMinute * lengthMinutes(settled(rss));
  const isLong = lengthMinutes(rss) >= LONG_MINUTES;
  const maxGrowthMib = isLong ? MAX_GROWTH_MIB : MAX_SHORT_GROWTH_MIB;
  const lags = minutes.map(({ lagP99Ms }) => lagP99Ms).sort((a, b) => a - b);
  const lagMs = lags[Math.floor(lags.length / 2)];
  const aboveMib = Math.max(...saturatedRss.map(({ mib }) => mib)) - (modelAlone?.afterMib ?? Number.NaN);
  return [
    check("every answer is one that its request may get", faultCount === 0, `${faultCount} others`),
    check(
      `resident memory grows by less than ${maxGrowthMib} MiB after settling`,
      growthMib < maxGrowthMib,
      `${fixed(growthMib, 1)} MiB`,
    ),
    check(
      "descriptors are as many as before",
      after.descriptors <= before.descriptors + SPARE_DESCRIPTORS,
      `${before.descriptors}, then ${after.descriptors}`,
    ),
    check(
      "threads are as many as before",
      after.threads <= before.threads,
      `${before.threads}, then ${after.threads}`,
    ),
    check(
      "handles are as many as before",
      after.handles <= before.handles + SPARE_DESCRIPTORS,
      `${before.handles}, then ${after.handles}`,
    ),
    check("no worker was replaced", after.restarts === 0, `${after.restarts}`),
    check("nothing stays accepted and unanswered", after.unanswered === 0, `${after.unanswered}`),
    check(
      `event loop late by less than ${MAX_LAG_MS} ms, p99 of the median minute`,
      !isLong || lagMs === undefined ? undefined : lagMs < MAX_LAG_MS,
      `${fixed(lagMs, 1)} ms`,
    ),
    check(
      `saturated, at most ${MAX_ABOVE_MODEL_MIB} MiB above the session alone`,
      !isLong || modelAlone === undefined ? undefined : aboveMib <= MAX_ABOVE_MODEL_MIB,
      `${fixed(aboveMib, 0)} MiB above ${fixed(modelAlone?.afterMib, 0)}`,
    ),
  ];
}

function settled(rss: SoakFigures["rss"]): SoakFigures["rss"] {
  return rss.slice(Math.floor(rss.length * SETTLING_SHARE));
}

/** A busy machine skips samples. */
function lengthMinutes(rss: SoakFigures["rss"]): number {
  return (rss.at(-1)?.minutes ?? 0) - (rss[0]?.minutes ?? 0);
}

function check(name: string, passed: boolean | undefined, figure: string): SoakCheck {
  return { name, passed, figure };
}
