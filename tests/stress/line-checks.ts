import http from "node:http";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { RssSampler, rssMib } from "../../benchmark/soak/rss-sampler.ts";
import { digitPng, imageInstance } from "../support/digits.ts";
import type { StressChecks, StressContext } from "./stress-check.ts";
import { DIGITS_FOLDER, withServer } from "./with-server.ts";

const INSTANCES = 100_000;
/** Answered before memory is first looked at: what is in work, and V8's young generation, are there by then. */
const WARM_INSTANCES = 10_000;
/** The rest of the instances, as they are sent, are twenty times as much. */
const MOST_GROWTH_MIB = 100;

/** Streams of more instances than any list may hold. */
export const LINE_CHECKS: StressChecks = {
  "100,000 instances in one stream: each answered as it is, in flat memory": longStream,
};

async function longStream(context: StressContext): Promise<void> {
  const { sheet } = context;
  const count = Math.max(2 * WARM_INSTANCES, Math.round((INSTANCES * context.seconds) / 60));
  const digits = Array.from({ length: 10 }, (_, digit) => JSON.stringify(imageInstance(digitPng(digit))));
  await withServer(context, { modelFolder: DIGITS_FOLDER }, async (server) => {
    let sampler: RssSampler | undefined;
    let warmMib = 0;
    const seen = new Uint8Array(count);
    let wrong = 0;
    const startMs = performance.now();
    for await (const line of predictLines(server.port, writeDigits(digits, count))) {
      const { index, prediction } = JSON.parse(line) as { index: number; prediction: number };
      if (prediction !== index % 10 || seen[index] !== 0) wrong += 1;
      seen[index] = 1;
      if (index !== WARM_INSTANCES) continue;
      warmMib = rssMib(server.pid) ?? 0;
      sampler = new RssSampler(server.pid);
    }
    const samples = sampler?.stop().map(({ mib }) => mib) ?? [];
    sheet.note("instances a second", (1000 * count) / (performance.now() - startMs));
    sheet.note("sent, MiB", (count * Buffer.byteLength(digits.join("\n"))) / 10 / 2 ** 20);
    sheet.equal(
      "answered",
      seen.reduce((sum, one) => sum + one, 0),
      count,
    );
    sheet.equal("answered wrong", wrong, 0);
    sheet.note("resident memory once warm, MiB", warmMib);
    sheet.atMost("growth of resident memory since, MiB", Math.max(...samples) - warmMib, MOST_GROWTH_MIB);
  });
}

function* writeDigits(digits: readonly string[], count: number): Generator<string, void> {
  for (let i = 0; i < count; i += 10) yield `${digits.slice(0, Math.min(10, count - i)).join("\n")}\n`;
}

/** Sends lines as fast as the server takes them, and gives those that come back meanwhile. */
async function* predictLines(port: number, lines: Iterable<string>): AsyncGenerator<string, void> {
  const sent = http.request({
    port,
    path: "/analyze:predict",
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
  });
  const response = new Promise<http.IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", reject);
  });
  Readable.from(lines).pipe(sent);
  yield* createInterface({ input: await response });
}
