import type { Cost } from "./cpu-meter.ts";
import type { Machine } from "./machine.ts";
import type { StageCosts } from "./measure-image-stages.ts";
import type { ModelFigures } from "./measure-model.ts";
import { textTable } from "./text-table.ts";

/** All that one run of the benchmark found. */
export interface Report {
  readonly command: string;
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly tiles: { readonly count: number; readonly edgePixels: number; readonly meanBytes: number };
  /** Length of each measurement under load. */
  readonly seconds: number;
  readonly stages: StageCosts;
  readonly models: readonly ModelFigures[];
}

type Served = ModelFigures["served"][number];

/** Returns the report as text for people. */
export function renderReport(report: Report): string {
  const { machine, tiles, stages } = report;
  return [
    `${report.command}`,
    `${report.date} · ${machine.cpuModel}, ${machine.cores} cores, ${machine.memoryGib} GiB · ${machine.platform}`,
    `Node ${machine.node}, onnxruntime-node ${machine.onnxruntime}, sharp ${machine.sharp}; load average at start ${fixed(machine.loadAverage, 2)}`,
    `${tiles.count} JPEG tiles of ${tiles.edgePixels} x ${tiles.edgePixels}, ${fixed(tiles.meanBytes / 1000, 1)} kB on average; ${report.seconds} s each`,
    "",
    "Alone, CPU-ms for one tile",
    textTable([
      ["decode", "resize + normalise", "JSON + base64"],
      [stages.decode, stages.preprocess, stages.json].map((cost) => fixed(cost.cpuMsPerImage, 3)),
    ]),
    ...report.models.flatMap((figures) => ["", ...renderModel(figures)]),
    "",
    EXPLANATION,
  ].join("\n");
}

const EXPLANATION = `session.run is measured again, at its best batch, before and after each load; "alone" is the mean of the two.
bound: cores / (CPU-ms of session.run, decode, resize + normalise, JSON + base64 alone). It leaves out the
  client, whose CPU time shares these cores.
server CPU: all threads of its process, from /proc (Linux only).
event loop: how late a timer of 10 ms fires on the server's main thread (prom-client's histogram less its 10 ms).
health: GET /analyze, asked every 50 ms during the load by a third process.
1 x 1: one client alone; its latency is an idle server's.`;

function renderModel({ model, session, bestBatchSize, sessionAgain, served }: ModelFigures): string[] {
  const row = (name: string, digits: number, read: (one: Served) => number | undefined) => [
    name,
    ...served.map((one) => fixed(read(one), digits)),
  ];
  return [
    `${model}: session.run alone`,
    textTable([
      ["batch", ...session.map(({ batchSize }) => String(batchSize))],
      ["images/s", ...session.map(({ imagesPerSecond }) => fixed(imagesPerSecond, 1))],
      ["CPU-ms/image", ...session.map(({ cpuMsPerImage }) => fixed(cpuMsPerImage, 2))],
    ]),
    `best batch ${bestBatchSize}; ${renderSpread(sessionAgain)}`,
    "",
    `${model}: served`,
    textTable([
      ["clients x tiles", ...served.map(({ clients, tilesPerRequest }) => `${clients} x ${tilesPerRequest}`)],
      row("images/s", 1, (one) => one.imagesPerSecond),
      row("alone images/s", 1, (one) => one.aloneImagesPerSecond),
      row("served/alone", 3, (one) => one.throughputRatio),
      row("bound images/s", 1, (one) => one.boundImagesPerSecond),
      row("served/bound", 3, (one) => one.boundRatio),
      row("server CPU-ms/image", 2, (one) => one.serverCpuMsPerImage),
      row("alone CPU-ms/image", 2, (one) => one.aloneCpuMsPerImage),
      row("alone/server CPU", 3, (one) => one.cpuRatio),
      row("unexplained CPU-ms", 2, (one) => one.unexplainedCpuMs),
      row("client CPU-ms/image", 2, (one) => one.clientCpuMsPerImage),
      row("request p50 ms", 1, (one) => one.latency.p50Ms),
      row("request p99 ms", 1, (one) => one.latency.p99Ms),
      row("event loop p99 ms", 1, (one) => one.eventLoop.delayP99Ms),
      row("health p50 ms", 1, (one) => one.health.p50Ms),
      row("health p99 ms", 1, (one) => one.health.p99Ms),
      row("health max ms", 1, (one) => one.health.maxMs),
      row("rows in a batch", 2, (one) => one.meanBatchRows),
    ]),
  ];
}

/** Past this the machine was too busy for its figures to mean much. */
const QUIET_SPREAD = 0.1;

function renderSpread(again: readonly Cost[]): string {
  const rates = again.map(({ imagesPerSecond }) => imagesPerSecond);
  const spread = Math.max(...rates) / Math.min(...rates) - 1;
  const text = `measured again around the loads: ${rates.map((rate) => fixed(rate, 1)).join(", ")} images/s`;
  return spread <= QUIET_SPREAD ? text : `${text}: NOT QUIET, other work shared the machine`;
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? "n/a" : value.toFixed(digits);
}
