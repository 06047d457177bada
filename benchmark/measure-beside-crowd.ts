import type { Percentiles } from "../src/bench/percentiles.ts";
import type { ServerProcess } from "../src/bench/server-process.ts";
import { runPart } from "./run-part.ts";
import { serveUnderLoad } from "./serve-under-load.ts";

export interface BesideCrowdOptions {
  readonly server: ServerProcess;
  readonly tilesFolder: string;
  readonly warmupSeconds: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** How fair the server is to the client that asks for little. */
export interface BesideCrowdFigures {
  readonly crowd: typeof CROWD;
  /** Of the client with one tile a request, while the crowd is served. */
  readonly latency: Percentiles;
  /** Mean run of a batch meanwhile, as the server counts it. */
  readonly batchMs: number;
  readonly meanBatchRows: number;
  /** The p99 in batches. */
  readonly p99Batches: number;
  /** What all of them got. */
  readonly imagesPerSecond: number;
}

const CROWD = { clients: 8, tilesPerRequest: 40 } as const;
/** The single client starts this much later and ends as much earlier, so that it is never without the crowd. */
const MARGIN_SECONDS = 0.5;

/** Measures a client with one tile a request beside eight with 40 each. */
export async function measureBesideCrowd(options: BesideCrowdOptions): Promise<BesideCrowdFigures> {
  const { server, tilesFolder, warmupSeconds, seconds, signal } = options;
  const single = {
    port: server.port,
    wire: "analyze",
    tilesFolder,
    tilesPerRequest: 1,
    clients: 1,
    warmupSeconds: warmupSeconds + MARGIN_SECONDS,
    seconds,
  } as const;
  const [crowd, { latency, imagesPerSecond }] = await Promise.all([
    serveUnderLoad(
      server,
      { ...CROWD, tilesFolder, warmupSeconds, seconds: seconds + 2 * MARGIN_SECONDS },
      signal,
    ),
    runPart("load", single, { signal }),
  ]);
  const batchMs = crowd.stagesMs.compute_infer ?? Number.NaN;
  return {
    crowd: CROWD,
    latency,
    batchMs,
    meanBatchRows: crowd.meanBatchRows,
    p99Batches: latency.p99Ms / batchMs,
    imagesPerSecond: crowd.imagesPerSecond + imagesPerSecond,
  };
}
