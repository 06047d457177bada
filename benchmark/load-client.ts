import { Agent } from "node:http";
import { closedLoop } from "../src/bench/closed-loop.ts";
import { answeredWithin } from "../src/bench/measured-load.ts";
import { type Percentiles, percentiles } from "../src/bench/percentiles.ts";
import { askClasses } from "./ask-classes.ts";
import { tileRequests } from "./tile-requests.ts";
import type { WireName, WireRequest } from "./wires.ts";

export interface LoadOptions {
  readonly port: number;
  readonly wire: WireName;
  readonly tilesFolder: string;
  readonly tilesPerRequest: number;
  /** Clients that each send the next request when the last one is answered, on a connection of their own. */
  readonly clients: number;
  /** How long the load goes on before it is measured. */
  readonly warmupSeconds: number;
  readonly seconds: number;
}

export interface LoadFigures {
  /** A request that the measured part cuts counts for the share of its time that lies inside. */
  readonly images: number;
  readonly imagesPerSecond: number;
  /** From a request's first byte to its answer's last one; of the requests answered in the measured part. */
  readonly latency: Percentiles;
  /** CPU time of the client itself, which shares the cores with the server. */
  readonly clientCpuMsPerImage: number;
}

/**
 * Loads a server with requests, and counts what is answered in the measured part.
 * The load neither starts nor stops with it: `notify` says when it begins ("begin") and ends ("end").
 *
 * @throws {Error} at the first answer that is not 200 with one class for each tile.
 */
export async function runLoad(options: LoadOptions, notify: (text: string) => void): Promise<LoadFigures> {
  const { port, wire, clients, tilesPerRequest, warmupSeconds, seconds } = options;
  const requests = tileRequests(options.tilesFolder, tilesPerRequest, wire);
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  let next = 0;
  const send = async () => {
    const request = requests[next++ % requests.length] as WireRequest;
    await askClasses({ agent, port, wire, request, tiles: tilesPerRequest });
  };
  try {
    const load = await closedLoop({ clients, warmupSeconds, seconds, send, notify });
    const { exchanges, startMs, endMs, cpuMs } = load;
    const images = tilesPerRequest * answeredWithin(load, exchanges);
    const answered = exchanges.filter((one) => one.endMs >= startMs && one.endMs < endMs);
    return {
      images,
      imagesPerSecond: (images / (endMs - startMs)) * 1000,
      latency: percentiles(answered.map((one) => one.endMs - one.startMs)),
      clientCpuMsPerImage: cpuMs / images,
    };
  } finally {
    agent.destroy();
  }
}
