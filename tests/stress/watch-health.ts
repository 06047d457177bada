import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { HealthPoller } from "../../benchmark/health-poller.ts";
import type { ServerProcess } from "../../src/bench/server-process.ts";
import type { FigureSheet } from "./figure-sheet.ts";

const EVERY_MS = 100;
const MOST_P99_MS = 50;
/** Balancers allow some seconds. */
const MOST_MS = 250;

/**
 * Asks GET /analyze and GET /metrics every 100 ms while `load` runs, and judges the answers' times. Notes beside them how
 * long the machine itself kept this process and the server waiting: on a busy one, a miss may be no fault of the server.
 *
 * @throws {Error} when one answer was not 200.
 */
export async function watchHealth<Result>(
  { port, pid }: ServerProcess,
  sheet: FigureSheet,
  load: () => Promise<Result>,
): Promise<Result> {
  const pollers = ["/analyze", "/metrics"].map(
    (path) => [path, new HealthPoller({ port, path, everyMs: EVERY_MS })] as const,
  );
  const ownDelay = monitorEventLoopDelay({ resolution: 10 });
  ownDelay.enable();
  const waitedBeforeMs = waitedForCpuMs(pid);
  try {
    const result = await load();
    for (const [path, poller] of pollers) {
      const { count, p99Ms, maxMs } = poller.stop();
      sheet.atMost(`GET ${path}, ${count} times, p99 ms`, p99Ms, MOST_P99_MS);
      sheet.atMost(`GET ${path}, max ms`, maxMs, MOST_MS);
    }
    sheet.note("this process was late itself, max ms", ownDelay.max / 1e6);
    sheet.note("the server's main thread waited for a CPU, ms", waitedForCpuMs(pid) - waitedBeforeMs);
    return result;
  } finally {
    ownDelay.disable();
    for (const [, poller] of pollers) poller.cancel();
  }
}

/**
 * Returns how long a process's main thread has waited for a CPU, in all.
 *
 * @see kernel docs, scheduler/sched-stats: the second number of /proc/<pid>/schedstat, in nanoseconds
 */
function waitedForCpuMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]) / 1e6;
}
