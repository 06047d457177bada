import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeModelFolder } from "../../benchmark/model-folder.ts";
import { runPart } from "../../benchmark/run-part.ts";
import { type RssSample, RssSampler } from "../../benchmark/soak/rss-sampler.ts";
import type { ServerProcess } from "../../src/bench/server-process.ts";
import { slowClassifier } from "../support/onnx/slow-model.ts";
import type { FigureSheet } from "./figure-sheet.ts";
import { lonelyLatency } from "./lonely-latency.ts";
import type { StressCheck, StressChecks, StressContext } from "./stress-check.ts";
import { watchHealth } from "./watch-health.ts";
import { withServer } from "./with-server.ts";
import { writeGraph } from "./write-graph.ts";

interface Overload {
  /** Offered load as a multiple of the capacity. */
  readonly share: number;
  /** What bounds the queue, and so the latency. */
  readonly flag: string;
  readonly boundMs: (imagesPerSecond: number) => number;
  /** Of the capacity. */
  readonly leastGoodput: number;
}

const MOST_QUEUED = 24;
const TIMEOUT_MS = 1500;
const BY_LENGTH = {
  flag: `--max-enqueued-instances=${MOST_QUEUED}`,
  boundMs: (imagesPerSecond: number) => (MOST_QUEUED / imagesPerSecond) * 1000,
};
const BY_TIME = { flag: `--request-timeout-ms=${TIMEOUT_MS}`, boundMs: () => TIMEOUT_MS };

const CLIENTS = 16;
const REFUSAL_MS = 50;
const RECOVERY_MS = 2000;
/** Latency beside that of an idle server which still counts as normal. */
const NORMAL = 3;
/** Shorter loads say nothing about a plateau. */
const PLATEAU_SECONDS = 30;
const MOST_SLOPE_MIB = 1;

/** Loads above and below what the server can give. */
export const OVERLOAD_CHECKS: StressChecks = {
  "0.8 x capacity: all answered, at normal latency": steadyLoad,
  "2 x capacity, bounded queue": overload({ share: 2, leastGoodput: 0.9, ...BY_LENGTH }),
  "10 x capacity, bounded queue": overload({ share: 10, leastGoodput: 0.8, ...BY_LENGTH }),
  "2 x capacity, bounded time": overload({ share: 2, leastGoodput: 0.9, ...BY_TIME }),
  "10 x capacity, bounded time": overload({ share: 10, leastGoodput: 0.8, ...BY_TIME }),
  "health and metrics while one inference takes seconds": longInference,
};

async function steadyLoad(context: StressContext): Promise<void> {
  const { sheet } = context;
  await withConvnet(context, BY_LENGTH.flag, async (server) => {
    const idle = await lonelyLatency({ ...context, port: server.port, seconds: idleSeconds(context) });
    const figures = await watchHealth(server, sheet, () => offer(context, server, 0.8));
    sheet.note("capacity, images/s", figures.capacityImagesPerSecond);
    sheet.equal("refused", figures.refused, 0);
    sheet.note("idle p99 ms", idle.p99Ms);
    sheet.atMost("p99 ms", figures.latency.p99Ms, NORMAL * idle.p99Ms);
  });
}

function overload({ share, flag, boundMs, leastGoodput }: Overload): StressCheck {
  return (context) =>
    withConvnet(context, flag, async (server) => {
      const { sheet } = context;
      const idle = await lonelyLatency({ ...context, port: server.port, seconds: idleSeconds(context) });
      const sampler = new RssSampler(server.pid);
      let recovery: ReturnType<typeof lonelyLatency> | undefined;
      const figures = await watchHealth(server, sheet, () =>
        offer(context, server, share, () => {
          recovery = sleep(RECOVERY_MS).then(() =>
            lonelyLatency({ ...context, port: server.port, seconds: idleSeconds(context) }),
          );
          // Awaited below.
          recovery.catch(() => {});
        }),
      );
      judgePlateau(sheet, sampler.stop());
      const { capacityImagesPerSecond, answeredImagesPerSecond, refusal, latency } = figures;
      sheet.note("capacity, images/s", capacityImagesPerSecond);
      sheet.note("offered, images/s", figures.offeredImagesPerSecond);
      sheet.atLeast("goodput / capacity", answeredImagesPerSecond / capacityImagesPerSecond, leastGoodput);
      sheet.equal("accepted and not answered in time", figures.timedOut, 0);
      sheet.equal("refusals without Retry-After", figures.withoutRetryAfter, 0);
      sheet.atMost(`${refusal.count} refusals, p99 ms`, refusal.p99Ms, REFUSAL_MS);
      sheet.note("refusals, p50 ms", refusal.p50Ms);
      sheet.note("refusals, max ms", refusal.maxMs);
      sheet.note("sender at most late, ms", figures.maxLateMs);
      const serviceMs = boundMs(answeredImagesPerSecond) + idle.p99Ms;
      sheet.atMost(`${latency.count} accepted, p99 ms`, latency.p99Ms, serviceMs);
      sheet.note("idle p99 ms", idle.p99Ms);
      const recovered = await recovery;
      sheet.atMost(
        `p99 ms ${RECOVERY_MS / 1000} s later`,
        recovered?.p99Ms ?? Number.NaN,
        NORMAL * idle.p99Ms,
      );
    });
}

/** One thread for the model, so that on two cores there is one for the clients. */
function withConvnet(
  context: StressContext,
  flag: string,
  use: (server: ServerProcess) => Promise<void>,
): Promise<void> {
  const modelFolder = join(context.folder, "resnet18");
  writeModelFolder(modelFolder, "resnet18");
  return withServer(context, { modelFolder, flags: ["--intra-op-threads=1", flag] }, use);
}

function offer(
  { seconds, tilesFolder, signal }: StressContext,
  { port }: ServerProcess,
  share: number,
  onEnd: () => void = () => {},
) {
  const load = { port, tilesFolder, tilesPerRequest: 1, arrivals: "fixed", seed: 1 } as const;
  const onNote = (text: string) => {
    if (text === "end") onEnd();
  };
  const capacitySeconds = Math.min(seconds, 10);
  return runPart(
    "overload",
    { ...load, share, seconds, capacitySeconds, clients: CLIENTS },
    { signal, onNote },
  );
}

function idleSeconds({ seconds }: StressContext): number {
  return Math.min(seconds / 2, 5);
}

/** The last third of a load should need no more memory than the second. */
function judgePlateau(sheet: FigureSheet, samples: readonly RssSample[]): void {
  const third = Math.floor(samples.length / 3);
  const meanOf = (part: readonly RssSample[]) => part.reduce((sum, { mib }) => sum + mib, 0) / part.length;
  const slope = (meanOf(samples.slice(-third)) - meanOf(samples.slice(-2 * third, -third))) / third;
  sheet.note("resident memory, at most MiB", Math.max(...samples.map(({ mib }) => mib)));
  if (samples.length >= PLATEAU_SECONDS)
    sheet.atMost("growth in the last third, MiB/s", slope, MOST_SLOPE_MIB);
}

async function longInference(context: StressContext): Promise<void> {
  const { sheet } = context;
  const products = Math.round(46 * Math.min(context.seconds, 5));
  const modelFolder = writeGraph(context, "slow", slowClassifier({ products }));
  await withServer(
    context,
    { modelFolder, flags: ["--max-batch-size=1", "--intra-op-threads=1"] },
    async (server) => {
      const once = { ...context, port: server.port, seconds: 0.001 };
      const { maxMs } = await watchHealth(server, sheet, () => lonelyLatency(once));
      sheet.note("the inference, ms", maxMs);
    },
  );
}
