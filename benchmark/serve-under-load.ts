import { growth, readMetrics, type Series } from "../src/bench/metrics-page.ts";
import type { Percentiles } from "../src/bench/percentiles.ts";
import type { ServerProcess } from "../src/bench/server-process.ts";
import { processCpuMs } from "./cpu-meter.ts";
import { HealthPoller } from "./health-poller.ts";
import type { LoadFigures, LoadOptions } from "./load-client.ts";
import { runPart } from "./run-part.ts";

export interface ServedFigures extends LoadFigures {
  readonly clients: number;
  readonly tilesPerRequest: number;
  /** CPU time of the server's process with all its threads; undefined where there is no /proc. */
  readonly serverCpuMsPerImage: number | undefined;
  readonly eventLoop: EventLoopFigures;
  /** GET /analyze, asked every 50 ms by a third process while the load runs. */
  readonly health: Percentiles;
  readonly meanBatchRows: number;
  /** Mean wall-clock time: decode, preprocess and queue of an image, compute_infer of a batch. */
  readonly stagesMs: Readonly<Record<string, number>>;
}

/**
 * What the server's own timer says (prom-client, `perf_hooks.monitorEventLoopDelay`): it should fire every
 * 10 ms, and the histogram holds the time between two firings. So an idle loop shows 10 ms, not 0.
 */
export interface EventLoopFigures {
  readonly intervalP50Ms: number;
  readonly intervalP99Ms: number;
  readonly intervalMaxMs: number;
  /** How much later than it should the timer fired: `intervalP99Ms` less its 10 ms. */
  readonly delayP99Ms: number;
}

const STAGES = ["decode", "preprocess", "queue", "compute_infer"] as const;
const TIMER_MS = 10;

/**
 * Loads a running server from another process and returns what it gave, and what it cost, in the measured
 * part of that time.
 *
 * @throws {Error} when one request or one health check is not answered as it should be.
 */
export async function serveUnderLoad(
  server: ServerProcess,
  load: Omit<LoadOptions, "port" | "wire">,
  signal: AbortSignal,
): Promise<ServedFigures> {
  const snapshots: Promise<Snapshot>[] = [];
  const onNote = () => {
    const snapshot = takeSnapshot(server);
    // Awaited when the load has ended.
    snapshot.catch(() => {});
    snapshots.push(snapshot);
  };
  const poller = new HealthPoller({ port: server.port });
  const figures = await runPart(
    "load",
    { port: server.port, wire: "analyze", ...load },
    { signal, onNote },
  ).catch((error) => {
    poller.cancel();
    throw error;
  });
  const health = poller.stop();
  const [begin, end] = await Promise.all(snapshots);
  if (begin === undefined || end === undefined) throw new Error("the load said neither begin nor end");
  const { clients, tilesPerRequest } = load;
  return {
    ...figures,
    clients,
    tilesPerRequest,
    serverCpuMsPerImage:
      begin.cpuMs === undefined || end.cpuMs === undefined
        ? undefined
        : (end.cpuMs - begin.cpuMs) / figures.images,
    eventLoop: eventLoop(end.metrics),
    health,
    meanBatchRows: mean(begin.metrics, end.metrics, "onnx_serving_batch_size"),
    stagesMs: Object.fromEntries(
      STAGES.map((stage) => {
        const seconds = mean(
          begin.metrics,
          end.metrics,
          "onnx_serving_stage_duration_seconds",
          `{stage="${stage}"}`,
        );
        return [stage, seconds * 1000];
      }),
    ),
  };
}

interface Snapshot {
  readonly cpuMs: number | undefined;
  readonly metrics: Series;
}

async function takeSnapshot({ pid, url }: ServerProcess): Promise<Snapshot> {
  return { cpuMs: processCpuMs(pid), metrics: await readMetrics(url) };
}

/** The mean of what a histogram counted between two pages. */
function mean(before: Series, after: Series, histogram: string, labels = ""): number {
  return (
    growth(before, after, `${histogram}_sum${labels}`) / growth(before, after, `${histogram}_count${labels}`)
  );
}

function eventLoop(metrics: Series): EventLoopFigures {
  const read = (name: string) => (metrics.get(`nodejs_eventloop_lag_${name}_seconds`) ?? Number.NaN) * 1000;
  const intervalP99Ms = read("p99");
  return {
    intervalP50Ms: read("p50"),
    intervalP99Ms,
    intervalMaxMs: read("max"),
    delayP99Ms: intervalP99Ms - TIMER_MS,
  };
}
