import { fixed } from "../fixed.ts";
import { describeRun, type RunDescription } from "../report.ts";
import { textTable } from "../text-table.ts";
import type { RssRange, SoakFigures } from "./measure-soak.ts";

/** All that one soak found. */
export interface SoakReport extends RunDescription {
  readonly soak: SoakFigures;
}

/** Returns the report as text for people. */
export function renderSoakReport(report: SoakReport): string {
  const { soak } = report;
  const { load, slope, modelAlone } = soak;
  const row = (name: string, read: (range: RssRange) => number) => [
    name,
    fixed(read(soak.rss), 0),
    fixed(read(soak.saturated), 0),
  ];
  return [
    ...describeRun(report),
    "",
    `${soak.model}: ${soak.minutes} minutes of JPEG and PNG of 64 to 2000 pixels, ${soak.imagesPerRequest} in a request, at random times`,
    `  offered ${fixed(load.offeredImagesPerSecond, 1)} images/s of a capacity of ${fixed(soak.capacityImagesPerSecond, 1)}, answered ${fixed(load.answeredImagesPerSecond, 1)}; p99 ${fixed(load.latency.p99Ms, 0)} ms; ${load.refused} requests refused`,
    `  slope of the resident memory: ${renderSlope(soak)} MiB/min (95 %), the first fifth of the time left out`,
    `  0 ${isFlat(slope) ? "lies" : "does NOT lie"} inside that interval`,
    textTable([
      ["resident memory, MiB", "soak", "saturated"],
      row("first", ({ firstMib }) => firstMib),
      row("last", ({ lastMib }) => lastMib),
      row("mean", ({ meanMib }) => meanMib),
      row("max", ({ maxMib }) => maxMib),
    ]),
    `  session alone in a process: ${fixed(modelAlone.afterMib, 0)} MiB, of which ${fixed(modelAlone.beforeMib, 0)} before the model was loaded; saturated, the server has at most ${fixed(soak.saturated.maxMib / modelAlone.afterMib, 2)} times that`,
  ].join("\n");
}

/** The slope and its margin, in MiB a minute. */
export function renderSlope({ slope }: SoakFigures): string {
  return `${fixed(slope.mibPerMinute, 3)} ± ${fixed(slope.marginMibPerMinute, 3)}`;
}

function isFlat({ mibPerMinute, marginMibPerMinute }: SoakFigures["slope"]): boolean {
  return Math.abs(mibPerMinute) <= marginMibPerMinute;
}
