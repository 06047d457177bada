import { setTimeout as sleep } from "node:timers/promises";
import { growth, readMetrics, type Series } from "../../src/bench/metrics-page.ts";
import type { ServerProcess } from "../../src/bench/server-process.ts";
import { imageInstance } from "../support/digits.ts";
import { type Answer, request } from "../support/http-client.ts";
import { slowClassifier } from "../support/onnx/slow-model.ts";
import { solidPng } from "../support/solid-png.ts";
import { pollMetrics } from "./poll-metrics.ts";
import { tally } from "./raw-socket.ts";
import type { StressChecks, StressContext } from "./stress-check.ts";
import { withServer } from "./with-server.ts";
import { writeGraph } from "./write-graph.ts";

/** A run takes about a tenth of a second, whatever is in it. */
const PRODUCTS = 5;
const BATCH_ROWS = 4;
const BURST = 20;

const BODY = { instances: [imageInstance(solidPng(8, 8, [255, 0, 0]))] };
const ROWS = "onnx_serving_batch_size_sum";
const RUNS = "onnx_serving_batch_size_count";
const CANCELLED = 'onnx_serving_instances_total{outcome="cancelled"}';

/** Work that nobody will see: too late, or for clients that left. */
export const LEAVING_CHECKS: StressChecks = {
  "a burst that can't be answered in time: refused at once, answered in time, or 504 and never run":
    lateBurst,
  "a row whose deadline passes in the queue never runs": lateRows,
  "half of 200 queued clients leave: their work is dropped, the others are answered": queuedLeave,
  "clients leave while their inference runs": runningLeave,
};

async function lateBurst(context: StressContext): Promise<void> {
  const { sheet } = context;
  const runMs = await measureRun(context);
  const deadlineMs = Math.round(4 * runMs);
  await withSlowModel(
    context,
    [`--request-timeout-ms=${deadlineMs}`, "--max-batch-size=1"],
    async (server) => {
      const before = await readMetrics(server.url);
      const answers = await Promise.all(Array.from({ length: BURST }, () => timed(predict(server))));
      const rows = growth(before, await settled(server), ROWS);
      const ok = answers.filter(({ answer }) => answer.status === 200);
      const refused = answers.filter(({ answer }) => answer.status === 503);
      sheet.note("a run, deadline, ms", `${runMs.toFixed(0)}, ${deadlineMs}`);
      sheet.note("answers", tally(answers.map(({ answer }) => answer.status)));
      sheet.equal("answered, refused or late", ok.length + refused.length + late(answers), BURST);
      sheet.atLeast("answered", ok.length, 1);
      sheet.atMost("slowest refusal, ms", Math.max(0, ...refused.map(({ ms }) => ms)), 50);
      // The one that runs when its deadline passes can't be called back.
      sheet.atMost("rows run and not answered", rows - ok.length, 1);
    },
  );
}

async function lateRows(context: StressContext): Promise<void> {
  const { sheet } = context;
  const runMs = await measureRun(context);
  const timeoutMs = Math.round(0.4 * runMs);
  await withSlowModel(
    context,
    [`--request-timeout-ms=${timeoutMs}`, "--max-batch-size=1"],
    async (server) => {
      const before = await readMetrics(server.url);
      const startMs = performance.now();
      const statuses: number[] = [];
      // Each is accepted since nothing is in work: the one before has got its 504.
      for (let i = 0; i < BURST; i++) statuses.push((await predict(server)).status);
      const spanMs = performance.now() - startMs;
      const rows = growth(before, await settled(server), ROWS);
      sheet.note("a run, deadline, ms", `${runMs.toFixed(0)}, ${timeoutMs}`);
      const inTime = statuses.filter((status) => status === 200).length;
      sheet.note("answers", tally(statuses));
      sheet.equal("answered or late", inTime + statuses.filter((status) => status === 504).length, BURST);
      // None, if the run that the deadline was taken from was no slower than the others.
      sheet.timeAtMost("answered", inTime, 0);
      sheet.timeAtMost("rows run", rows, Math.min(BURST - 1, Math.ceil(spanMs / (0.6 * runMs)) + 1));
    },
  );
}

async function queuedLeave(context: StressContext): Promise<void> {
  const { sheet } = context;
  const clients = 200;
  const statuses: unknown[] = [];
  const onLogLine = (line: string) => statuses.push((JSON.parse(line) as { status?: number }).status);
  await withSlowModel(
    context,
    // Nobody is refused, however busy the machine is.
    [`--max-batch-size=${BATCH_ROWS}`, "--request-timeout-ms=600000"],
    async (server) => {
      const before = await readMetrics(server.url);
      const exits = Array.from({ length: clients / 2 }, () => new AbortController());
      const leaving = exits.map(({ signal }) => predict(server, signal));
      const staying = Array.from({ length: clients / 2 }, () => predict(server));
      const left = Promise.allSettled(leaving);
      await pollMetrics(
        server.url,
        (page) =>
          growth(before, page, 'onnx_serving_instances_total{outcome="ok"}') + inflight(page) >= clients,
      );
      for (const exit of exits) exit.abort();
      const answers = await Promise.all(staying);
      const gone = (await left).filter(({ status }) => status === "rejected").length;
      const after = await settled(server);
      sheet.equal("who stayed", tally(answers.map(({ status }) => status)), `200 x ${clients / 2}`);
      sheet.note("left before their answer", gone);
      // An answer may be on its way to who leaves.
      sheet.timeAtMost("not counted as cancelled", gone - growth(before, after, CANCELLED), BATCH_ROWS);
      // What ran when they left can't be called back; nor what runs before the server has heard of it.
      sheet.timeAtMost("rows run for who left", growth(before, after, ROWS) - (clients - gone), BATCH_ROWS);
      sheet.atLeast("dropped before they ran", clients - growth(before, after, ROWS), 1);
      await sleep(100);
      const logged = statuses.filter((status) => status === 499).length;
      sheet.timeAtMost("not logged with 499", gone - logged, BATCH_ROWS);
    },
    onLogLine,
  );
}

async function runningLeave(context: StressContext): Promise<void> {
  const { sheet } = context;
  const rounds = Math.min(50, Math.ceil(2 * context.seconds));
  const errors: string[] = [];
  const onLogLine = (line: string) => {
    if ((JSON.parse(line) as { level: string | number }).level === "error") errors.push(line);
  };
  await withSlowModel(
    context,
    [],
    async (server) => {
      const before = await readMetrics(server.url);
      for (let round = 0; round < rounds; round++) {
        const page = await readMetrics(server.url);
        const leave = new AbortController();
        const left = Promise.allSettled([predict(server, leave.signal)]);
        await pollMetrics(server.url, (now) => growth(page, now, RUNS) > 0);
        leave.abort();
        await left;
      }
      sheet.equal("the next request", (await predict(server)).status, 200);
      const after = await settled(server);
      sheet.note("left while their inference ran", growth(before, after, CANCELLED));
      sheet.equal("errors in the log", errors.length, 0);
    },
    onLogLine,
  );
}

function withSlowModel<Result>(
  context: StressContext,
  flags: readonly string[],
  use: (server: ServerProcess) => Promise<Result>,
  onLogLine?: (line: string) => void,
): Promise<Result> {
  const modelFolder = writeGraph(context, "slow", slowClassifier({ products: PRODUCTS }));
  const oneAtATime = [...flags, "--inference-lanes=1"];
  return withServer(context, { modelFolder, flags: oneAtATime, ...(onLogLine && { onLogLine }) }, use);
}

/** The median of five. */
function measureRun(context: StressContext): Promise<number> {
  return withSlowModel(context, ["--max-batch-size=1"], async (server) => {
    const times: number[] = [];
    for (let i = 0; i < 5; i++) times.push((await timed(predict(server))).ms);
    return times.sort((a, b) => a - b)[2] as number;
  });
}

function predict({ url }: ServerProcess, signal?: AbortSignal): Promise<Answer> {
  return request(`${url}/analyze:predict`, { body: BODY, ...(signal && { signal }) });
}

async function timed(asked: Promise<Answer>): Promise<{ answer: Answer; ms: number }> {
  const startMs = performance.now();
  return { answer: await asked, ms: performance.now() - startMs };
}

function late(answers: readonly { answer: Answer }[]): number {
  return answers.filter(({ answer }) => answer.status === 504).length;
}

function inflight(page: Series): number {
  return page.get("onnx_serving_inflight_instances") ?? Number.NaN;
}

/** Returns the metrics when nothing is in work any more: no slot is held for who left. */
function settled({ url }: ServerProcess): Promise<Series> {
  return pollMetrics(url, (page) => inflight(page) === 0 && page.get("onnx_serving_inflight_requests") === 0);
}
