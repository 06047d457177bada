import { once } from "node:events";
import { rssMib } from "../../benchmark/soak/rss-sampler.ts";
import { connectMany, type RawSocket, statusOf, tally } from "./raw-socket.ts";
import type { StressChecks, StressContext } from "./stress-check.ts";
import { watchHealth } from "./watch-health.ts";
import { DIGITS_FOLDER, withServer } from "./with-server.ts";

/** A chunk of one byte, as it is sent. */
const CHUNK = "1\r\nx\r\n";
const CHUNKS_IN_WRITE = 10_000;
const WRITE = Buffer.from(CHUNK.repeat(CHUNKS_IN_WRITE));
const MANY_CHUNKS = 300_000;
const SOCKETS = 50;
const MEMORY_FACTOR = 10;
/** What does not arrive by then gets 408. */
const RECEIVE_TIMEOUT_MS = 20_000;
const ALLOWED = new Set([200, 400, 408, 413]);

/** Bodies in chunks of one byte, each of which costs the server as much as a large one. */
export const CHUNK_CHECKS: StressChecks = {
  "300,000 chunks of one byte": (context) => floodWarm(context, 1, MANY_CHUNKS),
  "50 sockets with chunks of one byte, 3 MB each": (context) =>
    floodWarm(context, SOCKETS, context.seconds < 10 ? 2 * CHUNKS_IN_WRITE : 500_000),
};

async function floodWarm(context: StressContext, sockets: number, chunks: number): Promise<void> {
  const { sheet } = context;
  const flags = [`--receive-timeout-ms=${RECEIVE_TIMEOUT_MS}`];
  await withServer(context, { modelFolder: DIGITS_FOLDER, flags }, async (server) => {
    const { port, pid } = server;
    // The heap grows to its size with the first ones.
    await flood(port, 1, MANY_CHUNKS);
    const beforeMib = rssMib(pid) ?? Number.NaN;
    const startMs = performance.now();
    const answers = await watchHealth(server, sheet, () => flood(port, sockets, chunks));
    const statuses = answers.map(({ received }) => statusOf(received()));
    sheet.note("ms", performance.now() - startMs);
    sheet.note("answers", tally(statuses));
    sheet.equal("other answers", statuses.filter((status) => !ALLOWED.has(status)).length, 0);
    const sentMib = (sockets * chunks * CHUNK.length) / 2 ** 20;
    const grownMib = (rssMib(pid) ?? Number.NaN) - beforeMib;
    sheet.atMost("growth of resident memory, MiB", grownMib, MEMORY_FACTOR * sentMib);
  });
}

async function flood(port: number, count: number, chunks: number): Promise<RawSocket[]> {
  const sockets = await connectMany(port, count);
  await Promise.all(sockets.map((one) => send(one, chunks)));
  return sockets;
}

/** Resolves when the server has answered and closed. */
async function send({ socket }: RawSocket, chunks: number): Promise<void> {
  const closed = once(socket, "close");
  socket.write(
    "POST /analyze:predict HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  for (let sent = 0; sent < chunks && socket.writable; sent += CHUNKS_IN_WRITE) {
    if (!socket.write(WRITE)) await Promise.race([once(socket, "drain"), closed]);
  }
  if (socket.writable) socket.write("0\r\n\r\n");
  await closed;
}
