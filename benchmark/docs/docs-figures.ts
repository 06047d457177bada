import { fixed } from "../fixed.ts";
import type { ModelFigures } from "../measure-model.ts";
import { describeRun, type Report, type RunDescription } from "../report.ts";
import { markdownTable } from "./markdown-table.ts";

/** Returns the contents of docs/performance.md's markers, as far as the report has them, in Markdown. */
export function docsFigures(report: Report): Readonly<Record<string, string>> {
  const { models, stages } = report;
  const parts = [
    ["", "decode", "resize + normalise", "JSON + base64", "sharp's decode, for the record"],
    [
      "CPU-ms",
      ...[stages.decode, stages.preprocess, stages.json, stages.decodeGeneral].map((cost) =>
        fixed(cost.cpuMsPerImage, 3),
      ),
    ],
  ];
  return {
    run: run(report),
    parts: markdownTable(parts),
    served: servedTable(models),
    latency: latencyTable(models),
    spinning: spinningTable(models),
    batches: models.map(batchTable).join("\n\n"),
  };
}

function run(description: RunDescription): string {
  const [command, ...rest] = describeRun(description);
  return [`\`${command}\`  `, ...rest.map((line, i) => (i === rest.length - 1 ? line : `${line}  `))].join(
    "\n",
  );
}

function servedTable(models: readonly ModelFigures[]): string {
  const columns = models.flatMap(({ model, served }) => served.map((one) => ({ model, one })));
  const row = (
    name: string,
    digits: number,
    read: (one: (typeof columns)[number]["one"]) => number | undefined,
  ) => [name, ...columns.map(({ one }) => fixed(read(one), digits))];
  return markdownTable([
    ["", ...columns.map(({ model, one }) => `${model}, ${one.clients} x ${one.tilesPerRequest}`)],
    row("served, images/s", 1, (one) => one.imagesPerSecond),
    row("bound, images/s", 1, (one) => one.boundImagesPerSecond),
    row("served / bound", 3, (one) => one.boundRatio),
    row("served / bound with the client", 3, (one) => one.boundWithClientRatio),
    row("session alone, images/s", 1, (one) => one.aloneImagesPerSecond),
    row("served / session alone", 3, (one) => one.throughputRatio),
    row("server, CPU-ms per image", 2, (one) => one.serverCpuMsPerImage),
    row("its parts alone, CPU-ms", 2, (one) => one.partsCpuMs),
    row("of these session.run, CPU-ms", 2, (one) => one.aloneCpuMsPerImage),
    row("unexplained, CPU-ms", 2, (one) => one.unexplainedCpuMs),
    row("client, CPU-ms per image", 2, (one) => one.clientCpuMsPerImage),
    row("rows in a batch", 2, (one) => one.meanBatchRows),
    row("request p50, ms", 1, (one) => one.latency.p50Ms),
    row("request p99, ms", 1, (one) => one.latency.p99Ms),
    row("`GET /analyze` p99, ms", 1, (one) => one.health.p99Ms),
    row("event loop late, p99, ms", 1, (one) => one.eventLoop.delayP99Ms),
  ]);
}

function latencyTable(models: readonly ModelFigures[]): string {
  const row = (name: string, digits: number, read: (one: ModelFigures) => number) => [
    name,
    ...models.map((one) => fixed(read(one), digits)),
  ];
  return markdownTable([
    ["", ...models.map(({ model }) => model)],
    row("one tile, idle server, median, ms", 2, ({ idle }) => idle.latency.p50Ms),
    row("session.run of one row alone, ms", 2, ({ idle }) => idle.sessionMs),
    row("decode alone, ms", 2, ({ idle }) => idle.decodeMs),
    row("above both, ms (goal: at most 2)", 2, ({ idle }) => idle.aboveMs),
    row("of that, resize + normalise and JSON + base64 alone, ms", 2, ({ idle }) => idle.preprocessAndJsonMs),
    row("one tile beside 8 clients with 40 each, p99, ms", 1, ({ besideCrowd }) => besideCrowd.latency.p99Ms),
    row("answers that this p99 is of", 0, ({ besideCrowd }) => besideCrowd.latency.count),
    row("rows in a batch meanwhile", 1, ({ besideCrowd }) => besideCrowd.meanBatchRows),
    row("a batch meanwhile, ms", 1, ({ besideCrowd }) => besideCrowd.batchMs),
    row("p99 in batches (goal: at most 3)", 2, ({ besideCrowd }) => besideCrowd.p99Batches),
  ]);
}

function spinningTable(models: readonly ModelFigures[]): string {
  const row = (name: string, read: (one: ModelFigures) => number) => [
    name,
    ...models.map((one) => fixed(read(one), 2)),
  ];
  return markdownTable([
    ["", ...models.map(({ model }) => model)],
    row("blocked between runs: run, ms", ({ spinning }) => spinning.blocked.runMs),
    row("blocked between runs: CPU-ms", ({ spinning }) => spinning.blocked.cpuMs),
    row("spinning between runs: run, ms", ({ spinning }) => spinning.spinning.runMs),
    row("spinning between runs: CPU-ms", ({ spinning }) => spinning.spinning.cpuMs),
  ]);
}

function batchTable({ model, session }: ModelFigures): string {
  return markdownTable([
    [`${model}, batch of`, ...session.map(({ batchSize }) => String(batchSize))],
    ["images/s", ...session.map(({ imagesPerSecond }) => fixed(imagesPerSecond, 1))],
    ["CPU-ms per image", ...session.map(({ cpuMsPerImage }) => fixed(cpuMsPerImage, 2))],
  ]);
}
