import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { docsFigures } from "../../../benchmark/docs/docs-figures.ts";
import { fillMarkers } from "../../../benchmark/docs/fill-markers.ts";
import type { Report } from "../../../benchmark/report.ts";
import { percentiles } from "../../../src/bench/percentiles.ts";

const PAGE = readFileSync(new URL("../../../docs/performance.md", import.meta.url), "utf8");

const DESCRIPTION = {
  command: "npm run bench -- --docs",
  date: "2030-01-02T03:04:05.000Z",
  machine: {
    cpuModel: "a CPU",
    cores: 2,
    memoryGib: 8,
    loadAverage: 0.05,
    platform: "linux x64 6.1",
    node: "v20.19.0",
    onnxruntime: "1.30.0",
    sharp: "0.35.5",
  },
};
const LATENCY = percentiles([10, 20, 30]);
const cost = (cpuMsPerImage: number) => ({
  images: 10,
  imagesPerSecond: 1000 / cpuMsPerImage,
  cpuMsPerImage,
});

const REPORT: Report = {
  ...DESCRIPTION,
  tiles: { count: 32, edgePixels: 256, meanBytes: 13_600 },
  seconds: 10,
  stages: { decode: cost(0.5), decodeGeneral: cost(1.5), preprocess: cost(0.7), json: cost(0.0625) },
  models: [
    {
      model: "resnet18",
      session: [
        { batchSize: 1, ...cost(32) },
        { batchSize: 4, ...cost(31) },
      ],
      spinning: { blocked: { runMs: 16, cpuMs: 33 }, spinning: { runMs: 15.5, cpuMs: 77 } },
      bestBatchSize: 4,
      sessionAgain: [cost(31)],
      served: [
        {
          images: 500,
          imagesPerSecond: 50,
          latency: LATENCY,
          clientCpuMsPerImage: 0.2,
          clients: 4,
          tilesPerRequest: 10,
          // Where there is no /proc.
          serverCpuMsPerImage: undefined,
          unexplainedCpuMs: undefined,
          cpuRatio: undefined,
          eventLoop: { intervalP50Ms: 10, intervalP99Ms: 14, intervalMaxMs: 20, delayP99Ms: 4 },
          health: LATENCY,
          meanBatchRows: 3.5,
          stagesMs: {},
          aloneImagesPerSecond: 60,
          aloneCpuMsPerImage: 31,
          partsCpuMs: 32.26,
          boundImagesPerSecond: 62,
          boundRatio: 0.8065,
          boundWithClientRatio: 0.811,
          throughputRatio: 0.833,
        },
      ],
      idle: { latency: LATENCY, sessionMs: 17, decodeMs: 0.5, aboveMs: 2.5, preprocessAndJsonMs: 0.76 },
      besideCrowd: {
        crowd: { clients: 8, tilesPerRequest: 40 },
        latency: LATENCY,
        batchMs: 12,
        meanBatchRows: 4,
        p99Batches: 2.5,
        imagesPerSecond: 49,
      },
      offeredLoads: [],
    },
  ],
};

describe("docsFigures", () => {
  test("has contents for markers that docs/performance.md has", () => {
    const filled = fillMarkers(PAGE, docsFigures(REPORT));
    expect(filled).toContain(DESCRIPTION.command);
    expect(filled).toContain("2030-01-02");
    expect(filled).not.toMatch(/NaN|undefined|null/);
  });

  test("fills every marker of the page", () => {
    const markers = [...PAGE.matchAll(/<!-- figures:(\w+) -->/g)].map(([, name]) => name);
    const names = Object.keys(docsFigures(REPORT));
    expect(names.toSorted()).toEqual(markers.toSorted());
  });

  test("has n/a where a figure could not be had, and after a way through JSON the same text", () => {
    const figures = docsFigures(REPORT);
    expect(figures.served).toContain("| unexplained, CPU-ms | n/a |");
    expect(figures.served).toContain("| served / bound | 0.806 |");
    expect(docsFigures(JSON.parse(JSON.stringify(REPORT)) as Report)).toEqual(figures);
  });
});
