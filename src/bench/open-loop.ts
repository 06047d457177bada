import { setTimeout as sleep } from "node:timers/promises";
import type { MeasuredLoad, TimedExchange } from "./measured-load.ts";

export interface OpenLoopOptions<Outcome> {
  /** When requests are due, in milliseconds from the start, ascending; also those of the warm-up. */
  readonly dueMs: readonly number[];
  /** How long the load goes on before it is measured. */
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Sends a request. What it throws ends the load. */
  readonly send: () => Promise<Outcome>;
  /** Told when the measured part begins and ends. */
  readonly notify: (text: "begin" | "end") => void;
  /** @default never aborted */
  readonly signal?: AbortSignal;
}

/**
 * Sends requests at their times, whether or not the earlier ones are answered, as many independent callers do. A server
 * that falls behind is not spared.
 *
 * @throws what `send` throws, when all are sent.
 */
export async function openLoop<Outcome>(options: OpenLoopOptions<Outcome>): Promise<MeasuredLoad<Outcome>> {
  const { warmupSeconds, seconds, send, notify, signal } = options;
  const [beginMs, endMs] = [warmupSeconds * 1000, (warmupSeconds + seconds) * 1000];
  const originMs = performance.now();
  const now = () => performance.now() - originMs;
  const until = async (atMs: number) => {
    for (let leftMs = atMs - now(); leftMs > 0; leftMs = atMs - now()) {
      await sleep(leftMs, undefined, { signal });
    }
  };
  const exchange = async (dueMs: number): Promise<TimedExchange<Outcome>> => {
    const startMs = now();
    const outcome = await send();
    return { dueMs, startMs, endMs: now(), outcome };
  };
  const measure = async () => {
    await until(beginMs);
    notify("begin");
    const cpuBefore = process.cpuUsage();
    await until(endMs);
    notify("end");
    const { user, system } = process.cpuUsage(cpuBefore);
    return (user + system) / 1000;
  };
  const sendAll = async () => {
    const sent: Promise<TimedExchange<Outcome>>[] = [];
    for (const dueMs of options.dueMs) {
      await until(dueMs);
      const one = exchange(dueMs);
      // Awaited with the others, when all are sent.
      one.catch(() => {});
      sent.push(one);
    }
    return Promise.all(sent);
  };
  const [cpuMs, exchanges] = await Promise.all([measure(), sendAll()]);
  return { exchanges, startMs: beginMs, endMs, cpuMs };
}
