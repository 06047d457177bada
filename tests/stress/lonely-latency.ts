import { Agent } from "node:http";
import { askClasses } from "../../benchmark/ask-classes.ts";
import { tileRequests } from "../../benchmark/tile-requests.ts";
import type { WireRequest } from "../../benchmark/wires.ts";
import { type Percentiles, percentiles } from "../../src/bench/percentiles.ts";

export interface LonelyLatencyOptions {
  readonly port: number;
  readonly tilesFolder: string;
  readonly seconds: number;
}

/** Returns the latency of one client that sends one tile after the other, as it is now. */
export async function lonelyLatency({
  port,
  tilesFolder,
  seconds,
}: LonelyLatencyOptions): Promise<Percentiles> {
  const requests = tileRequests(tilesFolder, 1, "analyze");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const latenciesMs: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  try {
    for (let i = 0; performance.now() < endMs; i++) {
      const startMs = performance.now();
      const request = requests[i % requests.length] as WireRequest;
      await askClasses({ agent, port, wire: "analyze", request, tiles: 1 });
      latenciesMs.push(performance.now() - startMs);
    }
    return percentiles(latenciesMs);
  } finally {
    agent.destroy();
  }
}
