import { Agent } from "node:http";
import { type ArrivalOptions, arrivalTimes } from "../src/bench/arrival-times.ts";
import { openLoop } from "../src/bench/open-loop.ts";
import { type Percentiles, percentiles } from "../src/bench/percentiles.ts";
import { askClasses, StatusError } from "./ask-classes.ts";
import { tileRequests } from "./tile-requests.ts";
import type { WireRequest } from "./wires.ts";

export interface OpenLoopOptions extends Omit<ArrivalOptions, "seconds" | "perSecond"> {
  readonly port: number;
  readonly tilesFolder: string;
  readonly tilesPerRequest: number;
  readonly imagesPerSecond: number;
  /** How long the load goes on before it is measured. */
  readonly warmupSeconds: number;
  readonly seconds: number;
}

export interface OpenLoopFigures {
  /** What was due in the measured part. */
  readonly offeredImagesPerSecond: number;
  /** What was answered in the measured part, whenever it was due. */
  readonly answeredImagesPerSecond: number;
  /** Requests due in the measured part that got 503 or 504: the server said that it has too much to do. */
  readonly refused: number;
  /** Of these, how many got 504: they were accepted and not answered in time. */
  readonly timedOut: number;
  /** Of these, how many did not say when to come back. */
  readonly withoutRetryAfter: number;
  /** From a request's first byte to the last one of its 503. */
  readonly refusal: Percentiles;
  /** From the moment when a request was due to its answer's last byte; of those due in the measured part. */
  readonly latency: Percentiles;
  /** How much later than due the client sent its latest request: above a few ms, it was itself too slow. */
  readonly maxLateMs: number;
  /** CPU time of the client itself, which shares the cores with the server. */
  readonly clientCpuMsPerImage: number;
}

/**
 * Sends requests at their times, whether or not the earlier ones are answered, as many independent callers do.
 * A server that falls behind is not spared: what waits before it is sent counts as latency.
 * `notify` says when the measured part begins ("begin") and ends ("end").
 *
 * @throws {Error} at the first answer that is neither 200, with a class for each tile, nor 503 or 504.
 */
export async function runOpenLoop(
  options: OpenLoopOptions,
  notify: (text: string) => void,
): Promise<OpenLoopFigures> {
  const { tilesPerRequest, warmupSeconds, imagesPerSecond } = options;
  const perSecond = imagesPerSecond / tilesPerRequest;
  const dueMs = arrivalTimes({ ...options, perSecond, seconds: warmupSeconds + options.seconds });
  const requests = tileRequests(options.tilesFolder, tilesPerRequest, "analyze");
  const agent = new Agent({ keepAlive: true });
  let next = 0;
  // Undefined where the classes came.
  const send = () => {
    const request = requests[next++ % requests.length] as WireRequest;
    return refusalOf(
      askClasses({ agent, port: options.port, wire: "analyze", request, tiles: tilesPerRequest }),
    );
  };
  try {
    const load = await openLoop({ dueMs, warmupSeconds, seconds: options.seconds, send, notify });
    const { exchanges, startMs, endMs, cpuMs } = load;
    const within = (atMs: number) => atMs >= startMs && atMs < endMs;
    const measured = exchanges.filter((one) => within(one.dueMs));
    const good = measured.filter(({ outcome }) => outcome === undefined);
    const refused = measured.filter(({ outcome }) => outcome?.status === 503);
    const answered = exchanges.filter((one) => one.outcome === undefined && within(one.endMs)).length;
    return {
      offeredImagesPerSecond: (measured.length * tilesPerRequest) / options.seconds,
      answeredImagesPerSecond: (answered * tilesPerRequest) / options.seconds,
      refused: measured.length - good.length,
      timedOut: measured.length - good.length - refused.length,
      withoutRetryAfter: refused.filter(({ outcome }) => outcome?.retryAfter === undefined).length,
      refusal: percentiles(refused.map((one) => one.endMs - one.startMs)),
      latency: percentiles(good.map((one) => one.endMs - one.dueMs)),
      maxLateMs: Math.max(0, ...measured.map((one) => one.startMs - one.dueMs)),
      clientCpuMsPerImage: cpuMs / (answered * tilesPerRequest),
    };
  } finally {
    agent.destroy();
  }
}

/** Returns the server's 503 or 504, undefined for an answer; every other error is thrown on. */
async function refusalOf(asked: Promise<unknown>): Promise<StatusError | undefined> {
  try {
    await asked;
    return undefined;
  } catch (error) {
    if (error instanceof StatusError && (error.status === 503 || error.status === 504)) return error;
    throw error;
  }
}
