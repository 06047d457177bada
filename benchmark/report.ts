import type { Cost } from "./cpu-meter.ts";
import { fixed } from "./fixed.ts";
import type { Machine } from "./machine.ts";
import type { StageCosts } from "./measure-image-stages.ts";
import type { ModelFigures } from "./measure-model.ts";
import type { PausedRunCost } from "./measure-spinning.ts";
import { textTable } from "./text-table.ts";

/** What was run, when and where. */
export interface RunDescription {
  readonly command: string;
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
}

/** All that one run of the benchmark found. */
export interface Report extends RunDescription {
  readonly tiles: { readonly count: number; readonly edgePixels: number; readonly meanBytes: number };
  /** Length of each measurement under load. */
  readonly seconds: number;
  readonly stages: StageCosts;
  readonly models: readonly ModelFigures[];
}

type Served = ModelFigures["served"][number];

/** Returns the report as text for people. */
export function renderReport(report: Report): string {
  const { tiles, stages } = report;
  return [
    ...describeRun(report),
    `${tiles.count} JPEG tiles of ${tiles.edgePixels} x ${tiles.edgePixels}, ${fixed(tiles.meanBytes / 1000, 1)} kB on average; ${report.seconds} s each`,
    "",
    "Alone, CPU-ms for one tile",
    textTable([
      ["decode", "resize + normalise", "JSON + base64", "(decode with sharp)"],
      [stages.decode, stages.preprocess, stages.json, stages.decodeGeneral].map((cost) =>
        fixed(cost.cpuMsPerImage, 3),
      ),
    ]),
    ...report.models.flatMap((figures) => ["", ...renderModel(figures)]),
    "",
    EXPLANATION,
  ].join("\n");
}

/** Returns the lines that every report starts with. */
export function describeRun({ command, date, machine }: RunDescription): string[] {
  const { cpuModel, cores, memoryGib, platform, node, onnxruntime, sharp, loadAverage } = machine;
  return [
    command,
    `${date} · ${cpuModel}, ${cores} cores, ${memoryGib} GiB · ${platform}`,
    `Node ${node}, onnxruntime-node ${onnxruntime}, sharp ${sharp}; load average at start ${fixed(loadAverage, 2)}`,
  ];
}

const EXPLANATION = `session.run is measured again, at its best batch, before and after each load; "alone" is the mean of the two.
parts: CPU-ms of session.run, decode, resize + normalise, JSON + base64, each alone. bound: cores / parts.
  Decode is that of usual JPEGs; sharp, which takes every other image, is measured for the record.
with client: the bound of parts and client together, since the client shares these cores.
server CPU: all threads of its process, from /proc (Linux only). unexplained: server CPU less parts.
event loop: how late a timer of 10 ms fires on the server's main thread (prom-client's histogram less its 10 ms).
health: GET /analyze, asked every 50 ms during the load by a third process.
one row, then a pause: the CPU time of the pause counts; the server's threads are blocked meanwhile.
one tile, idle server: one client alone, median; above: less session.run of one row and decode, each alone.
one tile beside ...: one client with one tile a request; a batch is the server's mean run meanwhile.`;

function renderModel(figures: ModelFigures): string[] {
  const { model, session, spinning, bestBatchSize, sessionAgain, served } = figures;
  const paused = ({ runMs, cpuMs }: PausedRunCost) => `run ${fixed(runMs, 2)} ms, CPU ${fixed(cpuMs, 2)} ms`;
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
    `one row, then a pause of 50 ms: threads blocked meanwhile: ${paused(spinning.blocked)}; spinning: ${paused(spinning.spinning)}`,
    `best batch ${bestBatchSize}; ${renderSpread(sessionAgain)}`,
    "",
    `${model}: served`,
    textTable([
      ["clients x tiles", ...served.map(({ clients, tilesPerRequest }) => `${clients} x ${tilesPerRequest}`)],
      row("images/s", 1, (one) => one.imagesPerSecond),
      row("bound images/s", 1, (one) => one.boundImagesPerSecond),
      row("served/bound", 3, (one) => one.boundRatio),
      row("served/bound with client", 3, (one) => one.boundWithClientRatio),
      row("alone images/s", 1, (one) => one.aloneImagesPerSecond),
      row("served/alone", 3, (one) => one.throughputRatio),
      row("server CPU-ms/image", 2, (one) => one.serverCpuMsPerImage),
      row("parts CPU-ms/image", 2, (one) => one.partsCpuMs),
      row("unexplained CPU-ms", 2, (one) => one.unexplainedCpuMs),
      row("alone CPU-ms/image", 2, (one) => one.aloneCpuMsPerImage),
      row("alone/server CPU", 3, (one) => one.cpuRatio),
      row("client CPU-ms/image", 2, (one) => one.clientCpuMsPerImage),
      row("request p50 ms", 1, (one) => one.latency.p50Ms),
      row("request p99 ms", 1, (one) => one.latency.p99Ms),
      row("event loop p99 ms", 1, (one) => one.eventLoop.delayP99Ms),
      row("health p50 ms", 1, (one) => one.health.p50Ms),
      row("health p99 ms", 1, (one) => one.health.p99Ms),
      row("health max ms", 1, (one) => one.health.maxMs),
      row("rows in a batch", 2, (one) => one.meanBatchRows),
    ]),
    ...renderLatencies(figures),
    ...renderOfferedLoads(figures),
  ];
}

function renderLatencies({ model, idle, besideCrowd }: ModelFigures): string[] {
  const { crowd, latency, batchMs, meanBatchRows, p99Batches } = besideCrowd;
  return [
    "",
    `${model}: one tile, idle server`,
    `  ${fixed(idle.latency.p50Ms, 2)} ms (p99 ${fixed(idle.latency.p99Ms, 2)}) = session.run ${fixed(idle.sessionMs, 2)} + decode ${fixed(idle.decodeMs, 2)} + above ${fixed(idle.aboveMs, 2)} (goal: at most ${IDLE_GOAL_MS});`,
    `  of what is above, resize + normalise and JSON + base64 alone take ${fixed(idle.preprocessAndJsonMs, 2)} ms`,
    `${model}: one tile beside ${crowd.clients} clients with ${crowd.tilesPerRequest} tiles each`,
    `  median ${fixed(latency.p50Ms, 1)} ms, p99 ${fixed(latency.p99Ms, 1)} ms of ${latency.count} answers = ${fixed(p99Batches, 2)} batches of ${fixed(batchMs, 1)} ms and ${fixed(meanBatchRows, 1)} rows (goal: at most ${CROWD_GOAL_BATCHES})`,
  ];
}

function renderOfferedLoads({ model, offeredLoads }: ModelFigures): string[] {
  if (offeredLoads.length === 0) return [];
  const row = (name: string, read: (one: ModelFigures["offeredLoads"][number]) => string) => [
    name,
    ...offeredLoads.map(read),
  ];
  return [
    "",
    `${model}: one tile a request, at random times, whatever is answered; latency from the time when due`,
    textTable([
      row("% of 16 x 1", ({ share }) => fixed(share * 100, 0)),
      row("offered images/s", (one) => fixed(one.offeredImagesPerSecond, 1)),
      row("answered images/s", (one) => fixed(one.answeredImagesPerSecond, 1)),
      row("p50 ms", (one) => fixed(one.latency.p50Ms, 1)),
      row("p99 ms", (one) => fixed(one.latency.p99Ms, 1)),
      row("refused", (one) => String(one.refused)),
      row("latest sent, ms", (one) => fixed(one.maxLateMs, 1)),
    ]),
  ];
}

const IDLE_GOAL_MS = 2;
const CROWD_GOAL_BATCHES = 3;

/** Past this the machine was too busy for its figures to mean much. */
const QUIET_SPREAD = 0.1;

function renderSpread(again: readonly Cost[]): string {
  const rates = again.map(({ imagesPerSecond }) => imagesPerSecond);
  const spread = Math.max(...rates) / Math.min(...rates) - 1;
  const text = `measured again around the loads: ${rates.map((rate) => fixed(rate, 1)).join(", ")} images/s`;
  return spread <= QUIET_SPREAD ? text : `${text}: NOT QUIET, other work shared the machine`;
}
