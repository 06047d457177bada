import { readdirSync, readFileSync } from "node:fs";
import { readMetrics } from "../../src/bench/metrics-page.ts";
import type { ServerProcess } from "../../src/bench/server-process.ts";
import { rssMib } from "./rss-sampler.ts";

/** What a server holds at one moment. The heap's figures are those of its main thread. */
export interface ServerState {
  readonly rssMib: number;
  readonly heapUsedMib: number;
  readonly externalMib: number;
  readonly arrayBuffersMib: number;
  /** Open files and sockets. */
  readonly descriptors: number;
  readonly threads: number;
  /** Of the main thread's event loop. */
  readonly handles: number;
  /** How much later than it should a timer fires, since the last reading. */
  readonly lagP99Ms: number;
  /** Requests, instances, bytes and rows that are accepted and not answered. */
  readonly unanswered: number;
  /** Worker threads that were replaced since the start. */
  readonly restarts: number;
}

/** The histogram holds the time between two firings of a timer of 10 ms. */
const TIMER_MS = 10;

/**
 * Reads what a server holds. Linux only.
 *
 * @see proc_pid_status(5), proc_pid_fd(5)
 */
export async function serverState({ pid, url }: ServerProcess): Promise<ServerState> {
  const series = await readMetrics(url);
  const value = (name: string) => series.get(name) ?? Number.NaN;
  const sum = (prefix: string) =>
    [...series].reduce((total, [name, one]) => total + (name.startsWith(prefix) ? one : 0), 0);
  const [, threads] = /^Threads:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return {
    rssMib: rssMib(pid) ?? Number.NaN,
    heapUsedMib: value("nodejs_heap_size_used_bytes") / 2 ** 20,
    externalMib: value("nodejs_external_memory_bytes") / 2 ** 20,
    arrayBuffersMib: value("onnx_serving_array_buffers_bytes") / 2 ** 20,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: Number(threads),
    handles: value("nodejs_active_handles_total"),
    lagP99Ms: value("nodejs_eventloop_lag_p99_seconds") * 1000 - TIMER_MS,
    unanswered: value("onnx_serving_queue_rows") + sum("onnx_serving_inflight_"),
    restarts: sum("onnx_serving_worker_restarts_total"),
  };
}
