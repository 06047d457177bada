import { Agent } from "node:http";
import { askClasses } from "./ask-classes.ts";
import { type Percentiles, percentiles } from "./percentiles.ts";
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
  const state = { isStopping: false, next: 0 };
  const exchanges: Span[] = [];
  const client = async () => {
    while (!state.isStopping) {
      const request = requests[state.next++ % requests.length] as WireRequest;
      const startMs = performance.now();
      await askClasses({ agent, port, wire, request, tiles: tilesPerRequest });
      exchanges.push({ startMs, endMs: performance.now() });
    }
  };
  const measure = async () => {
    await sleep(warmupSeconds * 1000);
    notify("begin");
    const [startMs, cpuBefore] = [performance.now(), process.cpuUsage()];
    await sleep(seconds * 1000);
    const [endMs, cpu] = [performance.now(), process.cpuUsage(cpuBefore)];
    notify("end");
    state.isStopping = true;
    return { startMs, endMs, cpuMs: (cpu.user + cpu.system) / 1000 };
  };
  try {
    const [measured] = await Promise.all([measure(), ...Array.from({ length: clients }, client)]);
    const { startMs, endMs, cpuMs } = measured;
    const images = tilesPerRequest * exchanges.reduce((sum, span) => sum + shareWithin(span, measured), 0);
    const answered = exchanges.filter((span) => span.endMs >= startMs && span.endMs < endMs);
    return {
      images,
      imagesPerSecond: (images / (endMs - startMs)) * 1000,
      latency: percentiles(answered.map((span) => span.endMs - span.startMs)),
      clientCpuMsPerImage: cpuMs / images,
    };
  } finally {
    state.isStopping = true;
    agent.destroy();
  }
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** Returns which share of `span` lies within `outer`: without it, a few long requests make a coarse count. */
function shareWithin(span: Span, outer: Span): number {
  const insideMs = Math.min(span.endMs, outer.endMs) - Math.max(span.startMs, outer.startMs);
  return Math.max(0, insideMs) / (span.endMs - span.startMs);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
