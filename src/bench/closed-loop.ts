import { setTimeout as sleep } from "node:timers/promises";
import type { MeasuredLoad, TimedExchange } from "./measured-load.ts";

export interface ClosedLoopOptions<Outcome> {
  /** Clients that each send the next request when the last one is answered. Minimum: 1. */
  readonly clients: number;
  /** How long the load goes on before it is measured. */
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Sends a request. What it throws ends the load. */
  readonly send: () => Promise<Outcome>;
  /** Told when the measured part begins and ends; the load neither starts nor stops with it. */
  readonly notify: (text: "begin" | "end") => void;
  /** @default never aborted */
  readonly signal?: AbortSignal;
}

/**
 * Loads a server from clients that wait for their answers.
 *
 * @throws what `send` throws, at the first time.
 */
export async function closedLoop<Outcome>(
  options: ClosedLoopOptions<Outcome>,
): Promise<MeasuredLoad<Outcome>> {
  const { clients, warmupSeconds, seconds, send, notify, signal } = options;
  let isStopping = false;
  const exchanges: TimedExchange<Outcome>[] = [];
  const client = async () => {
    while (!isStopping) {
      const startMs = performance.now();
      const outcome = await send();
      exchanges.push({ dueMs: startMs, startMs, endMs: performance.now(), outcome });
    }
  };
  const measure = async () => {
    await sleep(warmupSeconds * 1000, undefined, { signal });
    notify("begin");
    const [startMs, cpuBefore] = [performance.now(), process.cpuUsage()];
    await sleep(seconds * 1000, undefined, { signal });
    const [endMs, cpu] = [performance.now(), process.cpuUsage(cpuBefore)];
    notify("end");
    isStopping = true;
    return { startMs, endMs, cpuMs: (cpu.user + cpu.system) / 1000 };
  };
  try {
    const [measured] = await Promise.all([measure(), ...Array.from({ length: clients }, client)]);
    return { ...measured, exchanges };
  } finally {
    isStopping = true;
  }
}
