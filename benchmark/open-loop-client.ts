import { Agent } from "node:http";
import { type ArrivalOptions, arrivalTimes } from "./arrival-times.ts";
import { askClasses, StatusError } from "./ask-classes.ts";
import { type Percentiles, percentiles } from "./percentiles.ts";
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

interface Exchange {
  readonly dueMs: number;
  readonly sentMs: number;
  readonly endMs: number;
  /** Undefined where the classes came. */
  readonly refusal: StatusError | undefined;
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
  const seconds = warmupSeconds + options.seconds;
  const due = arrivalTimes({ ...options, perSecond: imagesPerSecond / tilesPerRequest, seconds });
  const requests = tileRequests(options.tilesFolder, tilesPerRequest, "analyze");
  const agent = new Agent({ keepAlive: true });
  const [beginMs, endMs] = [warmupSeconds * 1000, seconds * 1000];
  const startMs = performance.now();
  const now = () => performance.now() - startMs;
  const send = async (dueMs: number, request: WireRequest): Promise<Exchange> => {
    const sentMs = now();
    const refusal = await refusalOf(
      askClasses({ agent, port: options.port, wire: "analyze", request, tiles: tilesPerRequest }),
    );
    return { dueMs, sentMs, endMs: now(), refusal };
  };
  const measure = async () => {
    await sleepUntil(beginMs, now);
    notify("begin");
    const cpuBefore = process.cpuUsage();
    await sleepUntil(endMs, now);
    notify("end");
    const { user, system } = process.cpuUsage(cpuBefore);
    return (user + system) / 1000;
  };
  try {
    const sendAll = async () => {
      const sent: Promise<Exchange>[] = [];
      for (const [i, dueMs] of due.entries()) {
        await sleepUntil(dueMs, now);
        const exchange = send(dueMs, requests[i % requests.length] as WireRequest);
        // Awaited with the others, when all are sent.
        exchange.catch(() => {});
        sent.push(exchange);
      }
      return Promise.all(sent);
    };
    const [cpuMs, exchanges] = await Promise.all([measure(), sendAll()]);
    const within = (atMs: number) => atMs >= beginMs && atMs < endMs;
    const measured = exchanges.filter(({ dueMs }) => within(dueMs));
    const good = measured.filter(({ refusal }) => refusal === undefined);
    const refused = measured.filter(({ refusal }) => refusal?.status === 503);
    const answered = exchanges.filter((one) => one.refusal === undefined && within(one.endMs)).length;
    return {
      offeredImagesPerSecond: (measured.length * tilesPerRequest) / options.seconds,
      answeredImagesPerSecond: (answered * tilesPerRequest) / options.seconds,
      refused: measured.length - good.length,
      timedOut: measured.length - good.length - refused.length,
      withoutRetryAfter: refused.filter(({ refusal }) => refusal?.retryAfter === undefined).length,
      refusal: percentiles(refused.map((one) => one.endMs - one.sentMs)),
      latency: percentiles(good.map((one) => one.endMs - one.dueMs)),
      maxLateMs: Math.max(0, ...measured.map((one) => one.sentMs - one.dueMs)),
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

async function sleepUntil(atMs: number, now: () => number): Promise<void> {
  for (let leftMs = atMs - now(); leftMs > 0; leftMs = atMs - now()) {
    await new Promise((resolve) => setTimeout(resolve, leftMs));
  }
}
