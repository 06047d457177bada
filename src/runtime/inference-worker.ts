import { parentPort, workerData } from "node:worker_threads";
import { mergeColumns, rowCount } from "../tensor/columns.ts";
import { recycledMemory } from "../tensor/recycled-memory.ts";
import type { Tensors } from "../tensor/tensor.ts";
import { describeLoadError } from "./describe-load-error.ts";
import { isDeviceLost } from "./device-lost.ts";
import { OnnxSession } from "./onnx-session.ts";
import type { Feed } from "./session.ts";
import { toTransferable } from "./transferables.ts";
import {
  CLOSE,
  type InferenceWorkerOptions,
  type LoadedMessage,
  type OutcomePart,
  type RanMessage,
  type RunMessage,
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
  port.on("message", (message: RunMessage | typeof CLOSE) => {
    last = last.then(async () => {
      if (message === CLOSE) {
        port.close();
        return;
      }
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
    return describeLoadError((error as Error).message);
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
  if (feed.kind === "whole")
    return [await attempt(async () => ({ outputs: await session.run(feed.feeds), rowCount: "whole" }))];
  const together = await runRows(session, feed.rows, feed.batchSize);
  if ("outputs" in together || feed.rows.length === 1) return [together];
  const alone: OutcomePart[] = [];
  for (const row of feed.rows) alone.push(await runRows(session, [row], smallestBatchSize(session)));
  return alone;
}

const memories = new Map<string, ReturnType<typeof recycledMemory>>();

/** One batch runs at a time, and its feeds are its own until it ends: the next takes their memory. */
function batchMemory(name: string): ReturnType<typeof recycledMemory> {
  const memory = memories.get(name) ?? recycledMemory();
  memories.set(name, memory);
  return memory;
}

/** 1, or the graph's fixed batch size. */
function smallestBatchSize({ info }: OnnxSession): number {
  const size = info.inputs[0]?.shape[0];
  return typeof size === "number" ? size : 1;
}

function runRows(session: OnnxSession, rows: readonly Tensors[], batchSize: number): Promise<OutcomePart> {
  return attempt(async () => {
    const outputs = await session.run(mergeColumns(rows, batchSize, batchMemory));
    const size = rowCount(outputs);
    if (size !== batchSize)
      throw new Error(`the outputs have ${size ?? "no common number of"} rows for ${batchSize}`);
    return { outputs, rowCount: rows.length };
  });
}

async function attempt(run: () => Promise<OutcomePart>): Promise<OutcomePart> {
  try {
    return await run();
  } catch (error) {
    const { message } = error as Error;
    // Nobody waits for this: the thread ends, and with it the batch.
    if (isDeviceLost(message)) throw error;
    return { error: message };
  }
}

await main();
