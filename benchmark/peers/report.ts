import type { Machine } from "../machine.ts";
import type { ModelName } from "../model-folder.ts";
import { textTable } from "../text-table.ts";
import { LOADS, type ServerFigures } from "./measure-peer.ts";

/** All that one run found. */
export interface PeersReport {
  readonly command: string;
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly tiles: { readonly count: number; readonly edgePixels: number; readonly meanBytes: number };
  /** Length of each measurement under load. */
  readonly seconds: number;
  readonly models: readonly ModelComparison[];
  /** How each server was set up, by its title. */
  readonly settings: Readonly<Record<string, string>>;
  /** Why a server has no figures, by its title. */
  readonly notMeasured: Readonly<Record<string, string>>;
}

export interface ModelComparison {
  readonly model: ModelName;
  /** Measured before the first peer and after the last. */
  readonly ours: readonly [ServerFigures, ServerFigures];
  readonly peers: readonly (ServerFigures & { readonly title: string })[];
}

/** Returns the report as text for people. */
export function renderPeersReport(report: PeersReport): string {
  const { machine, tiles } = report;
  return [
    `${report.command}`,
    `${report.date} · ${machine.cpuModel}, ${machine.cores} cores, ${machine.memoryGib} GiB · ${machine.platform}`,
    `Node ${machine.node}, onnxruntime-node ${machine.onnxruntime}; load average at start ${machine.loadAverage.toFixed(2)}`,
    `${tiles.count} JPEG tiles of ${tiles.edgePixels} x ${tiles.edgePixels}, ${(tiles.meanBytes / 1000).toFixed(1)} kB on average; ${report.seconds} s each`,
    ...report.models.flatMap(renderModel),
    "",
    EXPLANATION,
    "",
    "Settings",
    ...list(report.settings),
    "",
    "Not measured",
    ...list(report.notMeasured),
  ].join("\n");
}

const EXPLANATION = `of ours: a server's figure divided by the mean of our two, before the first peer and after the last.
CPU: all processes of the server's tree, from /proc (Linux only). The client shares the cores and is not in it.
same class: the answers that are ours, of all tiles in company and alone.`;

function renderModel({ model, ours, peers }: ModelComparison): string[] {
  const [before, after] = ours;
  const servers = [{ title: "onnx-serving", ...before }, ...peers, { title: "onnx-serving again", ...after }];
  const tables = LOADS.flatMap(({ clients, tilesPerRequest }, load) => {
    const rows = servers.map((server) => row(server, ours, load));
    return [
      "",
      `${model}: ${clients} clients, ${tilesPerRequest} tiles to a request`,
      textTable([HEAD, ...rows]),
    ];
  });
  const distinct = new Set(before.classes).size;
  return [...tables, `${distinct} distinct classes; ${renderSpread(ours)}`];
}

const HEAD = ["server", "images/s", "of ours", "p50 ms", "p99 ms", "CPU-ms/image", "of ours", "same class"];

function row(
  { title, classes, loads }: ServerFigures & { readonly title: string },
  ours: ModelComparison["ours"],
  load: number,
): string[] {
  const figures = loads[load];
  const mean = (read: (one: ServerFigures["loads"][number]) => number) =>
    ours.reduce((sum, { loads: own }) => sum + (own[load] === undefined ? Number.NaN : read(own[load])), 0) /
    ours.length;
  if (figures === undefined) return [title];
  const { imagesPerSecond, serverCpuMsPerImage, latency } = figures;
  const same = classes.filter((found, i) => found === ours[0].classes[i]).length;
  return [
    title,
    imagesPerSecond.toFixed(1),
    (imagesPerSecond / mean((one) => one.imagesPerSecond)).toFixed(2),
    latency.p50Ms.toFixed(0),
    latency.p99Ms.toFixed(0),
    serverCpuMsPerImage.toFixed(1),
    (serverCpuMsPerImage / mean((one) => one.serverCpuMsPerImage)).toFixed(2),
    `${((100 * same) / classes.length).toFixed(1)} %`,
  ];
}

/** Past this the machine was too busy for its figures to mean much. */
const QUIET_SPREAD = 0.1;

function renderSpread([before, after]: ModelComparison["ours"]): string {
  const spreads = before.loads.map(({ imagesPerSecond }, load) => {
    const again = after.loads[load]?.imagesPerSecond ?? Number.NaN;
    return Math.max(imagesPerSecond, again) / Math.min(imagesPerSecond, again) - 1;
  });
  const spread = Math.max(...spreads);
  const text = `ours before and after differ by ${(100 * spread).toFixed(0)} %`;
  return spread <= QUIET_SPREAD ? text : `${text}: NOT QUIET, other work shared the machine`;
}

function list(lines: Readonly<Record<string, string>>): string[] {
  return Object.entries(lines).map(([title, text]) => `  ${title}: ${text}`);
}
