import type { ServerProcess } from "../src/bench/server-process.ts";
import type { OpenLoopFigures } from "./open-loop-client.ts";
import { runPart } from "./run-part.ts";

export interface OfferedLoadsOptions {
  readonly server: ServerProcess;
  readonly tilesFolder: string;
  /** What the server gave to clients that wait for their answers. */
  readonly capacityImagesPerSecond: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

export interface OfferedLoadFigures extends OpenLoopFigures {
  /** Of the capacity. */
  readonly share: number;
}

const SHARES = [0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5] as const;
/** At a tenth of the capacity there would otherwise be too few requests for a p99. */
const MIN_REQUESTS = 200;
const MAX_STRETCH = 4;

/** Measures requests of one tile that come at random times, at shares of the capacity from a tenth to one and a half. */
export async function measureOfferedLoads(options: OfferedLoadsOptions): Promise<OfferedLoadFigures[]> {
  const { server, tilesFolder, capacityImagesPerSecond, warmupSeconds, signal, onProgress } = options;
  const figures: OfferedLoadFigures[] = [];
  for (const share of SHARES) {
    const imagesPerSecond = share * capacityImagesPerSecond;
    const seconds = Math.min(
      Math.max(options.seconds, MIN_REQUESTS / imagesPerSecond),
      MAX_STRETCH * options.seconds,
    );
    const load = {
      port: server.port,
      tilesFolder,
      tilesPerRequest: 1,
      imagesPerSecond,
      warmupSeconds,
      seconds,
    };
    const one = await runPart("openLoop", { ...load, arrivals: "poisson", seed: 1 }, { signal });
    onProgress(
      `${(share * 100).toFixed(0)} % of capacity: ${one.answeredImagesPerSecond.toFixed(0)} images/s, p99 ${one.latency.p99Ms.toFixed(0)} ms`,
    );
    figures.push({ share, ...one });
  }
  return figures;
}
