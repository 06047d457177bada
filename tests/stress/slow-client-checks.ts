import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { RssSampler, rssMib } from "../../benchmark/soak/rss-sampler.ts";
import type { ServerProcess } from "../../src/bench/server-process.ts";
import { imageInstance } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { segmentation } from "../support/onnx/image-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { lonelyLatency } from "./lonely-latency.ts";
import { pollMetrics } from "./poll-metrics.ts";
import { connectMany, statusOf, tally } from "./raw-socket.ts";
import { Skip, type StressCheck, type StressChecks, type StressContext } from "./stress-check.ts";
import { watchHealth } from "./watch-health.ts";
import { DIGITS_FOLDER, withServer } from "./with-server.ts";
import { writeGraph } from "./write-graph.ts";

const SOCKETS = 500;
const RECEIVE_TIMEOUT_MS = 5000;
/** The server looks every second; the rest is for a busy machine. */
const LATE_MS = 3000;
/** What a p99 may be in any case: a ratio of two small numbers says nothing. */
const GOOD_MS = 50;

const MASK_EDGE_PIXELS = 1600;
const SEND_TIMEOUT_MS = 5000;
const MAX_UNSENT_MIB = 64;
/** Of MAX_UNSENT_BYTES: beside the answers there are images, masks and garbage. */
const MEMORY_FACTOR = 6;

/** Clients that send or read as slowly as they can. */
export const SLOW_CLIENT_CHECKS: StressChecks = {
  "500 sockets that send one byte a second: 408 for each, no slot taken": slowBodies,
  "slowhttptest, slow bodies": slowHttpTest(["-B", "-s", "65536", "-t", "POST"]),
  "slowhttptest, slow heads": slowHttpTest(["-H"]),
  "slowhttptest, slow reading": slowHttpTest(["-X", "-w", "1", "-y", "8", "-z", "8", "-k", "3", "-n", "1"]),
  "clients that never read masks of 5 MB: bounded memory, cut after SEND_TIMEOUT_MS": deafClients,
};

const HEADS_TOGETHER = 20;

async function slowBodies(context: StressContext): Promise<void> {
  const { sheet } = context;
  const flags = [`--receive-timeout-ms=${RECEIVE_TIMEOUT_MS}`];
  await withServer(context, { modelFolder: DIGITS_FOLDER, flags }, async (server) => {
    const { port } = server;
    const normal = () => lonelyLatency({ ...context, port, seconds: RECEIVE_TIMEOUT_MS / 1000 });
    const idle = await normal();
    const sockets = await connectMany(port, SOCKETS);
    const startMs = performance.now();
    const closedMs: number[] = [];
    for (const [i, { socket }] of sockets.entries()) {
      // Not all heads at once, whose cost is that of as many ordinary requests.
      if (i % HEADS_TOGETHER === 0) await sleep(20);
      socket.once("close", () => closedMs.push(performance.now() - startMs));
      // All of them together say more than MAX_ENQUEUED_BYTES.
      socket.write("POST /analyze:predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    }
    const timer = setInterval(() => {
      for (const { socket } of sockets) if (socket.writable) socket.write("x");
    }, 1000);
    try {
      const beside = await watchHealth(server, sheet, normal);
      while (closedMs.length < SOCKETS && performance.now() - startMs < 4 * RECEIVE_TIMEOUT_MS)
        await sleep(20);
      sheet.note("normal client alone, p99 ms", idle.p99Ms);
      sheet.atMost("normal client beside them, p99 ms", beside.p99Ms, Math.max(2 * idle.p99Ms, GOOD_MS));
      sheet.equal("answers", tally(sockets.map(({ received }) => statusOf(received()))), `408 x ${SOCKETS}`);
      sheet.atMost("the last one is cut off after, ms", Math.max(...closedMs), RECEIVE_TIMEOUT_MS + LATE_MS);
    } finally {
      clearInterval(timer);
      for (const { socket } of sockets) socket.destroy();
    }
  });
}

/** Debian's slowhttptest with its own ways to be slow; what it sees is judged by a client beside it. */
function slowHttpTest(args: readonly string[]): StressCheck {
  return async (context) => {
    if (spawnSync("slowhttptest", ["-h"]).error) throw new Skip("slowhttptest is not installed");
    const { sheet, signal, seconds } = context;
    const flags = [`--receive-timeout-ms=${RECEIVE_TIMEOUT_MS}`];
    await withServer(context, { modelFolder: DIGITS_FOLDER, flags }, async (server) => {
      const { port, url } = server;
      const normal = (length: number) => lonelyLatency({ ...context, port, seconds: length });
      const idle = await normal(RECEIVE_TIMEOUT_MS / 1000);
      const length = Math.ceil(Math.max(4, Math.min(seconds, 30)));
      const common = [
        "-c",
        String(SOCKETS),
        "-r",
        "200",
        "-i",
        "1",
        "-x",
        "10",
        "-p",
        "3",
        "-l",
        String(length),
      ];
      const child = spawn("slowhttptest", [...args, ...common, "-u", `${url}/analyze:predict`], {
        signal,
        stdio: "ignore",
      });
      const ended = once(child, "exit");
      const beside = await watchHealth(server, sheet, () => normal(length));
      await ended;
      sheet.note("normal client alone, p99 ms", idle.p99Ms);
      sheet.atMost("normal client beside it, p99 ms", beside.p99Ms, Math.max(2 * idle.p99Ms, GOOD_MS));
    });
  };
}

async function deafClients(context: StressContext): Promise<void> {
  const { sheet, seconds } = context;
  const clients = seconds < 10 ? 50 : 200;
  const modelFolder = writeGraph(context, "segmentation", segmentation());
  const flags = [`--send-timeout-ms=${SEND_TIMEOUT_MS}`, `--max-unsent-bytes=${MAX_UNSENT_MIB}MiB`];
  await withServer(context, { modelFolder, flags }, async (server) => {
    const { port, pid, url } = server;
    const text = maskRequest(MASK_EDGE_PIXELS);
    sheet.note("answer, MB", (await request(`${url}/analyze:predict`, { body: text })).text.length / 1e6);
    const beforeMib = rssMib(pid) ?? Number.NaN;
    const sampler = new RssSampler(pid);
    const sockets = await connectMany(port, clients);
    const head = `POST /analyze:predict HTTP/1.1\r\nHost: a\r\nContent-Length: ${text.length}\r\n\r\n`;
    try {
      await watchHealth(server, sheet, async () => {
        for (const { socket } of sockets) socket.pause().write(head + text);
        await pollMetrics(url, (page) => (page.get("onnx_serving_unsent_bytes") ?? 0) > 0);
        await pollMetrics(url, (page) => page.get("onnx_serving_inflight_requests") === 0);
        const startMs = performance.now();
        await pollMetrics(url, (page) => page.get("onnx_serving_unsent_bytes") === 0);
        sheet.atMost("nothing is held after, ms", performance.now() - startMs, SEND_TIMEOUT_MS + LATE_MS);
      });
      const mostMib = Math.max(...sampler.stop().map(({ mib }) => mib));
      sheet.atMost("growth of resident memory, MiB", mostMib - beforeMib, MEMORY_FACTOR * MAX_UNSENT_MIB);
      sheet.note("all answers together, MiB", (clients * 5.12e6) / 2 ** 20);
      await judgeCut(context, server);
    } finally {
      sampler.stop();
      for (const { socket } of sockets) socket.destroy();
    }
  });
}

async function judgeCut({ sheet }: StressContext, { url }: ServerProcess): Promise<void> {
  const route = 'http_server_request_duration_seconds_count{method="POST",route="/analyze:predict",status=';
  const page = await pollMetrics(url, () => true);
  sheet.atLeast("cut off", page.get(`${route}"499"}`) ?? 0, 1);
  sheet.note("refused meanwhile", page.get('onnx_serving_refusals_total{reason="unsent"}') ?? 0);
  sheet.equal(
    "the next request",
    (await request(`${url}/analyze:predict`, { body: maskRequest(8) })).status,
    200,
  );
}

function maskRequest(edge: number): string {
  const instances = [imageInstance(solidPng(edge, edge, [255, 0, 0]))];
  return JSON.stringify({ signature_name: "mask", instances });
}
