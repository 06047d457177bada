import { parentPort, workerData } from "node:worker_threads";
import { mergeRows } from "../tensor/rows.ts";
import type { Tensors } from "../tensor/tensor.ts";
import { OnnxSession } from "./onnx-session.ts";
import type { Feed } from "./session.ts";
import { toTransferable } from "./transferables.ts";
import type {
  InferenceWorkerOptions,
  LoadedMessage,
  OutcomePart,
  RanMessage,
  RunMessage,
} from "./worker-messages.ts";

/**
 * The thread that owns the model: `InferenceSession.run` and the load block their thread for as long as
 * they take, so neither may happen where HTTP is answered.
 *
 * @see microsoft/onnxruntime `js/node/lib/backend.ts`: run is synchronous behind a setImmediate
 */
async function main(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error("inference-worker runs as a worker thread only");
  const session = await load(workerData as InferenceWorkerOptions);
  if (typeof session === "string") {
    port.postMessage({ kind: "refused", reason: session } satisfies LoadedMessage);
    return;
  }
  let last = Promise.resolve();
  port.on("message", (message: RunMessage) => {
    last = last.then(async () => {
      const { ran, memory } = await answer(session, message);
      port.postMessage(ran, memory);
    });
  });
  port.postMessage({ kind: "loaded", info: session.info } satisfies LoadedMessage);
}

/** Returns the session, or the reason why there is none. */
async function load(options: InferenceWorkerOptions): Promise<OnnxSession | string> {
  try {
    return await OnnxSession.load(options);
  } catch (error) {
    return (error as Error).message;
  }
}

async function answer(
  session: OnnxSession,
  { id, feed }: RunMessage,
): Promise<{ ran: RanMessage; memory: ArrayBuffer[] }> {
  const startMs = performance.now();
  const parts = await runFeed(session, feed);
  const computeInferMs = performance.now() - startMs;
  const { tensors, memory } = toTransferable(parts.map((part) => ("outputs" in part ? part.outputs : {})));
  const moved = parts.map((part, i) => ("outputs" in part ? { ...part, outputs: tensors[i] ?? {} } : part));
  return { ran: { kind: "ran", id, parts: moved, computeInferMs }, memory };
}

async function runFeed(session: OnnxSession, feed: Feed): Promise<OutcomePart[]> {
  if (feed.kind === "whole") return [await runPart(session, feed.feeds, "whole")];
  const together = await runPart(session, merge(feed.rows, feed.batchSize), feed.rows.length);
  if ("outputs" in together || feed.rows.length === 1) return [together];
  const alone: OutcomePart[] = [];
  for (const row of feed.rows) {
    const batchSize = feed.batchSize === feed.rows.length ? 1 : feed.batchSize;
    alone.push(await runPart(session, merge([row], batchSize), 1));
  }
  return alone;
}

async function runPart(
  session: OnnxSession,
  feeds: Tensors,
  rowCount: number | "whole",
): Promise<OutcomePart> {
  try {
    return { outputs: await session.run(feeds), rowCount };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function merge(rows: readonly Tensors[], batchSize: number): Tensors {
  const names = Object.keys(rows[0] ?? {});
  const column = (name: string) => rows.flatMap((row) => row[name] ?? []);
  return Object.fromEntries(names.map((name) => [name, mergeRows(column(name), batchSize)]));
}

await main();
