import { growth, readMetrics, type Series } from "../../src/bench/metrics-page.ts";
import type { ServerProcess } from "../../src/bench/server-process.ts";
import { tenDigits } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { imageEcho } from "../support/onnx/image-models.ts";
import { slowClassifier } from "../support/onnx/slow-model.ts";
import { MOST_NUMBERED, sendNumberedImages } from "../support/send-numbered-images.ts";
import type { StressChecks, StressContext } from "./stress-check.ts";
import { withServer } from "./with-server.ts";
import { writeGraph } from "./write-graph.ts";

/** In a minute; about half the time of one core goes to the clients. */
const NUMBERED_IMAGES = 100_000;
const MAX_BATCH_ROWS = 16;
const TOLERANCE = 1e-5;
const LONELY_REQUESTS = 20;
/** What a hop between threads may take on a busy machine. */
const LONELY_WAIT_MS = 5;
const BAD = { image_bytes: { b64: Buffer.from("<html>").toString("base64") } };
/** Nothing is refused, however busy the machine is. */
const PATIENT = "--request-timeout-ms=600000";
const ROWS = "onnx_serving_batch_size_sum";
const RUNS = "onnx_serving_batch_size_count";

/** Answers go to whom they belong to, and do not depend on who else asks. */
export const BATCHING_CHECKS: StressChecks = {
  "64 clients, each image a number: everybody gets their own numbers in order": numbered,
  "an image has the same numbers alone, in batches of all sizes and beside bad ones": invariance,
  "runs are shared under load, and a lone request does not wait": sharing,
};

async function numbered(context: StressContext): Promise<void> {
  const { sheet, seconds } = context;
  await withEcho(context, async ({ url }) => {
    const images = Math.round(NUMBERED_IMAGES * Math.min(1, seconds / 60));
    const { sent, mismatches } = await sendNumberedImages(url, images);
    sheet.atLeast("images", sent, images);
    sheet.equal("wrong answers", mismatches.length, 0);
  });
}

async function invariance(context: StressContext): Promise<void> {
  const { sheet } = context;
  const flags = [`--max-batch-size=${MAX_BATCH_ROWS}`, `--max-enqueued-instances=${MOST_NUMBERED}`, PATIENT];
  // Slow enough that rows wait for each other.
  const modelFolder = writeGraph(context, "slow", slowClassifier({ products: 1 }));
  await withServer(context, { modelFolder, flags }, async (server) => {
    const digits = tenDigits();
    const alone = await Promise.all(digits.map(async (digit) => (await scores(server, [digit]))[0] ?? []));
    const before = await readMetrics(server.url);
    let largest = 0;
    const compare = async (size: number, isBesideBad: boolean) => {
      const places = Array.from({ length: size }, (_, i) => (i * 7 + size) % digits.length);
      const good = places.map((place) => digits[place] as object);
      const rows = await scores(server, isBesideBad ? good.flatMap((digit) => [digit, BAD]) : good);
      const kept = isBesideBad ? rows.filter((_, i) => i % 2 === 0) : rows;
      if (kept.length !== size) throw new Error(`${kept.length} answers for ${size} images`);
      for (const [i, row] of kept.entries()) {
        const expected = alone[places[i] as number] ?? [];
        // Written so that NaN counts.
        for (const [j, value] of expected.entries()) {
          const difference = Math.abs((row[j] ?? Number.NaN) - value);
          if (!(difference <= largest)) largest = difference;
        }
      }
    };
    for (let round = 0; round < Math.min(10, context.seconds / 2); round++) {
      const sizes = Array.from({ length: 2 * MAX_BATCH_ROWS }, (_, i) => i + 1);
      // One after the other, so that a batch is one request's; then together.
      for (const size of sizes) await compare(size, false);
      await Promise.all(sizes.flatMap((size) => [compare(size, false), compare(size, true)]));
    }
    sheet.atMost("largest difference", largest, TOLERANCE);
    const after = await readMetrics(server.url);
    for (const [least, most] of [
      [0, 1],
      [1, 2],
      [2, 4],
      [4, 8],
      [8, 16],
    ] as const) {
      const runs = runsUpTo(before, after, most) - runsUpTo(before, after, least);
      sheet.atLeast(`runs of ${least + 1} to ${most} rows`, runs, 1);
    }
  });
}

async function sharing(context: StressContext): Promise<void> {
  const { sheet } = context;
  await withEcho(context, async ({ url }) => {
    const before = await readMetrics(url);
    await sendNumberedImages(url, 2000);
    const loaded = await readMetrics(url);
    const rows = growth(before, loaded, ROWS);
    sheet.atMost("runs for an image under load", growth(before, loaded, RUNS) / rows, 0.9);
    for (let i = 0; i < LONELY_REQUESTS; i++) await sendOne(url);
    const after = await readMetrics(url);
    sheet.equal("runs of lone requests", growth(loaded, after, RUNS), LONELY_REQUESTS);
    const queue = 'onnx_serving_stage_duration_seconds_sum{stage="queue"}';
    sheet.timeAtMost(
      "a lone request waits, ms",
      (growth(loaded, after, queue) / LONELY_REQUESTS) * 1000,
      LONELY_WAIT_MS,
    );
  });
}

function withEcho(context: StressContext, use: (server: ServerProcess) => Promise<void>): Promise<void> {
  const modelFolder = writeGraph(context, "echo", imageEcho());
  const flags = [`--max-enqueued-instances=${MOST_NUMBERED}`, PATIENT];
  return withServer(context, { modelFolder, flags }, use);
}

async function sendOne(url: string): Promise<void> {
  const [instance] = tenDigits();
  const { status } = await request(`${url}/analyze:predict`, { body: { instances: [instance] } });
  if (status !== 200) throw new Error(`status ${status}`);
}

async function scores({ url }: ServerProcess, instances: readonly object[]): Promise<number[][]> {
  const body = { signature_name: "serving_default", instances };
  const { status, json, text } = await request(`${url}/analyze:predict`, { body });
  if (status !== 200) throw new Error(`status ${status}: ${text.slice(0, 200)}`);
  return json.predictions as number[][];
}

function runsUpTo(before: Series, after: Series, rows: number): number {
  return rows === 0 ? 0 : growth(before, after, `onnx_serving_batch_size_bucket{le="${rows}"}`);
}
