import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { lonelyLatency } from "./lonely-latency.ts";
import { connectMany, type RawSocket, statusOf, tally } from "./raw-socket.ts";
import { Skip, type StressChecks, type StressContext } from "./stress-check.ts";
import { watchHealth } from "./watch-health.ts";
import { DIGITS_FOLDER, withServer } from "./with-server.ts";

const IDLE_SOCKETS = 5000;
/** Files, pipes and the sockets of the health checks. */
const OTHER_FILES = 200;
const REUSED_SOCKETS = 50;
const KEEP_ALIVE_MS = 2000;
/** On a busy machine a timer may be so much late, on either side. */
const MARGIN_MS = 300;
/** The idle time of AWS's balancer. */
const BALANCER_SECONDS = 60;
const ASK = "GET /analyze HTTP/1.1\r\nHost: a\r\n\r\n";

/** Connections that are kept open. */
export const CONNECTION_CHECKS: StressChecks = {
  "5,000 idle keep-alive connections": idleConnections,
  "connections are used again just below KEEP_ALIVE_MS, and closed in order above": reuse,
};

async function idleConnections(context: StressContext): Promise<void> {
  const { sheet } = context;
  const limit = openFilesLimit();
  if (limit < IDLE_SOCKETS + OTHER_FILES)
    throw new Skip(`a process may open ${limit} files only (ulimit -n)`);
  await withServer(context, { modelFolder: DIGITS_FOLDER }, async (server) => {
    const { port, pid } = server;
    const filesBefore = openFiles(pid);
    const sockets = await connectMany(port, IDLE_SOCKETS);
    try {
      await Promise.all(sockets.map(ask));
      sheet.equal("first answers", tally(sockets.map(lastStatus)), `200 x ${IDLE_SOCKETS}`);
      const hint = Number(/keep-alive: timeout=(\d+)/i.exec(sockets[0]?.received() ?? "")?.[1]);
      sheet.atLeast("KEEP_ALIVE_MS by default, s", hint, BALANCER_SECONDS + 1);
      const seconds = Math.min(context.seconds, 10);
      const { p99Ms } = await watchHealth(server, sheet, () => lonelyLatency({ ...context, port, seconds }));
      sheet.note("a tile meanwhile, p99 ms", p99Ms);
      sheet.atMost("open files", openFiles(pid) - filesBefore, IDLE_SOCKETS + OTHER_FILES);
      await Promise.all(sockets.map(ask));
      sheet.equal("second answers", tally(sockets.map(lastStatus)), `200 x ${IDLE_SOCKETS}`);
    } finally {
      for (const { socket } of sockets) socket.destroy();
    }
    for (let i = 0; i < 100 && openFiles(pid) > filesBefore + OTHER_FILES; i++) await sleep(100);
    sheet.atMost("open files when they have left", openFiles(pid) - filesBefore, OTHER_FILES);
  });
}

async function reuse(context: StressContext): Promise<void> {
  const { sheet } = context;
  const rounds = context.seconds < 10 ? 2 : 10;
  const flags = [`--keep-alive-ms=${KEEP_ALIVE_MS}`];
  await withServer(context, { modelFolder: DIGITS_FOLDER, flags }, async ({ port }) => {
    const sockets = await connectMany(port, REUSED_SOCKETS);
    for (let round = 0; round < rounds; round++) {
      await Promise.all(sockets.map(ask));
      if (round < rounds - 1) await sleep(KEEP_ALIVE_MS - MARGIN_MS);
    }
    sheet.equal("answers of the last round", tally(sockets.map(lastStatus)), `200 x ${REUSED_SOCKETS}`);
    const startMs = performance.now();
    while (sockets.some(({ socket }) => !socket.closed) && performance.now() - startMs < 3 * KEEP_ALIVE_MS) {
      await sleep(20);
    }
    sheet.atMost("all closed after, ms", performance.now() - startMs, 2 * KEEP_ALIVE_MS);
    sheet.equal("resets", sockets.filter(({ failure }) => failure() !== "").length, 0);
  });
}

/** Asks for health, and waits for the answer or the end. */
async function ask({ socket, received }: RawSocket): Promise<void> {
  const before = received().length;
  socket.write(ASK);
  while (!socket.closed && !received().slice(before).includes('{"status"')) {
    await new Promise((resolve) => {
      socket.once("data", resolve);
      socket.once("close", resolve);
    });
  }
}

/** The status of the latest answer; 0 when the connection is closed. */
function lastStatus({ socket, received }: RawSocket): number {
  return socket.closed ? 0 : statusOf(received().slice(received().lastIndexOf("HTTP/1.1")));
}

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Node raises the soft limit to the hard one at its start. */
function openFilesLimit(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]);
}
