import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ModelFigures } from "../measure-model.ts";
import type { Report } from "../report.ts";
import { type LinePlot, renderLinePlot } from "./line-plot.ts";

/**
 * Writes two plots for each model into `folder`: `load-<model>.svg` and `batch-size-<model>.svg`.
 *
 * @returns the files' names
 */
export function writePlots(report: Report, folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return report.models.flatMap((figures) => {
    const plots = { load: loadPlot(figures, report), "batch-size": batchSizePlot(figures, report) };
    return Object.entries(plots).map(([kind, plot]) => {
      const name = `${kind}-${figures.model}.svg`;
      writeFileSync(join(folder, name), renderLinePlot(plot));
      return name;
    });
  });
}

/** Throughput and latency against the load that is offered. */
function loadPlot({ model, offeredLoads }: ModelFigures, report: Report): LinePlot {
  const x = { label: "offered load, images/s", kind: "linear" } as const;
  const series = (name: string, read: (one: (typeof offeredLoads)[number]) => number) => ({
    name,
    points: offeredLoads.map((one) => [one.offeredImagesPerSecond, read(one)] as const),
  });
  return {
    title: `${model}: one tile a request, at random times`,
    caption: caption(report),
    panels: [
      {
        x,
        y: { label: "answered, images/s", kind: "linear" },
        series: [
          series("answered", (one) => one.answeredImagesPerSecond),
          { ...series("all that is offered", (one) => one.offeredImagesPerSecond), isDashed: true },
        ],
      },
      {
        x,
        y: { label: "latency from due time, ms", kind: "log" },
        series: [series("p99", (one) => one.latency.p99Ms), series("median", (one) => one.latency.p50Ms)],
      },
    ],
  };
}

/** What an image costs alone in the model, against the rows that run together. */
function batchSizePlot({ model, session }: ModelFigures, report: Report): LinePlot {
  const series = (name: string, read: (one: (typeof session)[number]) => number) => ({
    name,
    points: session.map((one) => [one.batchSize, read(one)] as const),
  });
  return {
    title: `${model}: cost of an image in session.run alone`,
    caption: caption(report),
    panels: [
      {
        x: { label: "batch size, images", kind: "log", ticks: session.map(({ batchSize }) => batchSize) },
        y: { label: "per image, ms", kind: "linear" },
        series: [
          series("CPU time, all cores", (one) => one.cpuMsPerImage),
          series("wall-clock time", (one) => 1000 / one.imagesPerSecond),
        ],
      },
    ],
  };
}

function caption({ date, machine }: Report): string {
  const { cpuModel, cores, node, onnxruntime } = machine;
  return `${cpuModel}, ${cores} cores · Node ${node} · onnxruntime-node ${onnxruntime} · ${date.slice(0, 10)}`;
}
