import { Agent } from "node:http";
import { askClasses } from "../ask-classes.ts";
import type { LoadFigures } from "../load-client.ts";
import { runPart } from "../run-part.ts";
import { tileRequests } from "../tile-requests.ts";
import type { WireName } from "../wires.ts";
import { treeCpuMs } from "./process-tree.ts";

/** A running server, ours or a peer's. */
export interface Running {
  /** The root of its tree of processes. */
  readonly pid: number;
  readonly port: number;
}

export interface MeasureOptions {
  readonly wire: WireName;
  readonly tilesFolder: string;
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

export interface ServerFigures {
  /** What it answers for each tile, in company and then alone. */
  readonly classes: readonly number[];
  readonly loads: readonly LoadOfServer[];
}

export interface LoadOfServer extends LoadFigures {
  readonly clients: number;
  readonly tilesPerRequest: number;
  /** CPU time of all processes of the server's tree; NaN where there is no /proc. */
  readonly serverCpuMsPerImage: number;
}

export const LOADS = [
  { tilesPerRequest: 10, clients: 4 },
  { tilesPerRequest: 1, clients: 16 },
] as const;

/**
 * Asks a server for each tile, ten in a request and then alone, then loads it in both ways. The same for ours and each peer.
 *
 * @throws {Error} when one request is not answered with one class for each of its tiles.
 */
export async function measurePeer(server: Running, options: MeasureOptions): Promise<ServerFigures> {
  const classes = await askEachTile(server, options);
  const loads: LoadOfServer[] = [];
  for (const load of LOADS) {
    loads.push(await measureLoad(server, load, options));
  }
  return { classes, loads };
}

async function askEachTile({ port }: Running, { wire, tilesFolder }: MeasureOptions): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const classes: number[] = [];
  try {
    for (const { tilesPerRequest: tiles } of LOADS) {
      for (const request of tileRequests(tilesFolder, tiles, wire)) {
        classes.push(...(await askClasses({ agent, port, wire, request, tiles })));
      }
    }
    return classes;
  } finally {
    agent.destroy();
  }
}

async function measureLoad(
  { pid, port }: Running,
  load: (typeof LOADS)[number],
  { wire, tilesFolder, seconds, signal, onProgress }: MeasureOptions,
): Promise<LoadOfServer> {
  const cpuMs: number[] = [];
  const times = { warmupSeconds: seconds / 3, seconds };
  const onNote = () => cpuMs.push(treeCpuMs(pid));
  const figures = await runPart("load", { port, wire, tilesFolder, ...load, ...times }, { signal, onNote });
  const [begin = Number.NaN, end = Number.NaN] = cpuMs;
  const rate = figures.imagesPerSecond.toFixed(1);
  onProgress(`${load.clients} clients x ${load.tilesPerRequest} tiles: ${rate} images/s`);
  return { ...figures, ...load, serverCpuMsPerImage: (end - begin) / figures.images };
}
