import type { Percentiles } from "../src/bench/percentiles.ts";
import type { ServerProcess } from "../src/bench/server-process.ts";
import type { Cost } from "./cpu-meter.ts";
import type { StageCosts } from "./measure-image-stages.ts";
import { serveUnderLoad } from "./serve-under-load.ts";

export interface IdleOptions {
  readonly server: ServerProcess;
  readonly tilesFolder: string;
  readonly warmupSeconds: number;
  readonly seconds: number;
  readonly stages: StageCosts;
  /** Measures session.run alone, one row in a batch. */
  readonly measureOneRow: () => Promise<Cost>;
  readonly signal: AbortSignal;
}

/** What one tile waits for when nobody else asks; wall-clock milliseconds. */
export interface IdleFigures {
  readonly latency: Percentiles;
  /** session.run of one row alone, the mean of just before and just after. */
  readonly sessionMs: number;
  readonly decodeMs: number;
  /** The median latency less decode and session: what serving adds. */
  readonly aboveMs: number;
  /** Resize, normalisation, JSON and base64 alone: the part of `aboveMs` that any server has. */
  readonly preprocessAndJsonMs: number;
}

/** Measures one client that sends one tile at a time to a server with nothing else to do. */
export async function measureIdle(options: IdleOptions): Promise<IdleFigures> {
  const { server, tilesFolder, warmupSeconds, seconds, stages, measureOneRow, signal } = options;
  const before = await measureOneRow();
  const load = { tilesFolder, tilesPerRequest: 1, clients: 1, warmupSeconds, seconds };
  const { latency } = await serveUnderLoad(server, load, signal);
  const after = await measureOneRow();
  const sessionMs = (wallMs(before) + wallMs(after)) / 2;
  // These run on one thread and wait for nothing: their CPU time is their time, whatever else ran then.
  const decodeMs = stages.decode.cpuMsPerImage;
  return {
    latency,
    sessionMs,
    decodeMs,
    aboveMs: latency.p50Ms - decodeMs - sessionMs,
    preprocessAndJsonMs: stages.preprocess.cpuMsPerImage + stages.json.cpuMsPerImage,
  };
}

function wallMs({ imagesPerSecond }: Cost): number {
  return 1000 / imagesPerSecond;
}
