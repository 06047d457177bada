import { StartupError } from "./errors.ts";
import type { Batching } from "./model/find-batching.ts";
import type { Session } from "./runtime/session.ts";
import { type BatchTiming, bestBatchSize, measureBatchSizes } from "./runtime/warm-up.ts";
import { addBatchAxis, dropBatchAxis } from "./tensor/columns.ts";
import type { Tensors } from "./tensor/tensor.ts";

export interface TrialOptions {
  readonly session: Session;
  /** What the declared shapes say; the trial corrects it where the model does otherwise. */
  readonly batching: Batching;
  /** Makes a row to feed, anew for each call: a run takes its memory over. */
  readonly makeRow: () => Tensors;
}

export interface Trial {
  readonly batching: Batching;
  /** What the model gave for the row, without the batch dimension. */
  readonly outputs: Tensors;
}

/**
 * Runs one row, then two together, and returns what came out. A model whose outputs do not follow the batch
 * is fed one instance at a time.
 *
 * @throws {StartupError} when the model does not run at all.
 */
export async function runTrial({ session, batching, makeRow }: TrialOptions): Promise<Trial> {
  let reason = "";
  if (batching.kind === "rows") {
    const { fixedBatchSize } = batching;
    const alone = await session.run({ kind: "rows", rows: [makeRow()], batchSize: fixedBatchSize ?? 1 });
    const [first] = alone.rows;
    if (first !== undefined && "outputs" in first) {
      const follows = fixedBatchSize !== undefined || (await runsPairs(session, makeRow));
      if (follows) return { batching, outputs: first.outputs };
    }
    reason = first !== undefined && "error" in first ? first.error : "";
  }
  const isRow = batching.isRow === true;
  const feeds = isRow ? makeRow() : addBatchAxis(makeRow());
  const { rows } = await session.run({ kind: "whole", feeds });
  const [whole] = rows;
  if (whole !== undefined && "outputs" in whole) {
    return isRow
      ? { batching, outputs: whole.outputs }
      : { batching: { kind: "whole" }, outputs: dropBatchAxis(whole.outputs) };
  }
  throw new StartupError(`the model does not run: ${reason || whole?.error || "no outcome"}`);
}

export interface WarmUpOptions extends TrialOptions {
  /** MAX_BATCH_SIZE, where it is set. */
  readonly maxBatchSize: number | undefined;
  /** ALLOWED_BATCH_SIZES, where they are set. */
  readonly allowedBatchSizes?: readonly number[] | undefined;
}

/** How rows are put together in runs, and why so. */
export interface BatchPlan {
  /** Most rows in one run. */
  readonly maxBatchSize: number;
  /** Why that many, in words for people. */
  readonly maxBatchSizeReason: string;
  /** The sizes that a run may have, ascending: fewer rows are padded. Absent: every size. */
  readonly allowedBatchSizes?: readonly number[];
  /** What was measured; empty where the model could not be run on made-up input. */
  readonly batchTimings: readonly BatchTiming[];
}

/** Returns the plan of a model that could not be run on made-up input. */
export function unmeasuredPlan(maxBatchSize: number | undefined): BatchPlan {
  const maxBatchSizeReason =
    maxBatchSize === undefined ? "the model could not be run on made-up input" : AS_SET;
  return { maxBatchSize: maxBatchSize ?? 1, maxBatchSizeReason, batchTimings: [] };
}

/**
 * Runs the batch sizes that will be used, and returns the largest to use and how long each took.
 *
 * On CUDA only 1, 2, 4 ... and the largest are used, and all of them are run: each new size costs a search for
 * the fastest kernels, up to a second. A CPU takes every size, where padding would be work for nothing.
 */
export async function warmUp({
  session,
  batching,
  makeRow,
  maxBatchSize,
  allowedBatchSizes,
}: WarmUpOptions): Promise<BatchPlan> {
  if (batching.kind === "whole") {
    return { maxBatchSize: 1, maxBatchSizeReason: "the model has no batch axis", batchTimings: [] };
  }
  const { fixedBatchSize } = batching;
  const run = async (batchSize: number) => {
    const rows = Array.from({ length: batchSize }, makeRow);
    // The whole way there and back: what a larger batch saves.
    const startMs = performance.now();
    const { waitedMs = 0 } = await session.run({ kind: "rows", rows, batchSize });
    return performance.now() - startMs - waitedMs;
  };
  if (fixedBatchSize !== undefined) {
    return {
      maxBatchSize: fixedBatchSize,
      maxBatchSizeReason: "the graph fixes it",
      allowedBatchSizes: [fixedBatchSize],
      batchTimings: await measureBatchSizes({ run, batchSizes: [fixedBatchSize] }),
    };
  }
  const largestAllowed = allowedBatchSizes?.at(-1);
  if (allowedBatchSizes !== undefined && largestAllowed !== undefined) {
    return {
      maxBatchSize: largestAllowed,
      maxBatchSizeReason: "ALLOWED_BATCH_SIZES says so",
      allowedBatchSizes,
      batchTimings: await measureBatchSizes({
        run,
        batchSizes: allowedBatchSizes,
        stopEarly: false,
        maxRunMs: Number.POSITIVE_INFINITY,
      }),
    };
  }
  const { provider } = session.info;
  const batchTimings = await measureBatchSizes({
    run,
    batchSizes: powersOfTwoUpTo(maxBatchSize ?? LARGEST_TRIED[provider]),
    stopEarly: maxBatchSize === undefined,
    ...(provider === "cuda" && maxBatchSize !== undefined ? { maxRunMs: Number.POSITIVE_INFINITY } : {}),
  });
  const chosen =
    maxBatchSize === undefined ? bestBatchSize(batchTimings) : { batchSize: maxBatchSize, reason: AS_SET };
  return {
    maxBatchSize: chosen.batchSize,
    maxBatchSizeReason: chosen.reason,
    ...(provider === "cuda" ? { allowedBatchSizes: powersOfTwoUpTo(chosen.batchSize) } : {}),
    batchTimings,
  };
}

/** Runs once each of the measured sizes that is no larger than `largest`, so that no caller pays for first runs. */
export async function runEachSize(
  { session, makeRow }: Pick<TrialOptions, "session" | "makeRow">,
  timings: readonly BatchTiming[],
  largest: number,
): Promise<void> {
  for (const { batchSize } of timings) {
    if (batchSize > largest) break;
    await session.run({ kind: "rows", rows: Array.from({ length: batchSize }, makeRow), batchSize });
  }
}

const AS_SET = "MAX_BATCH_SIZE says so";

/** A convnet gains next to nothing past 8 on a CPU, and up to 64 on a GPU. */
const LARGEST_TRIED = { cpu: 32, cuda: 64 } as const;

/** 1, 2, 4 ... and `largest` itself. */
function powersOfTwoUpTo(largest: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < largest; size *= 2) sizes.push(size);
  return [...sizes, largest];
}

/** Tells whether two rows run together: the outputs follow the batch. */
async function runsPairs(session: Session, makeRow: () => Tensors): Promise<boolean> {
  const { rows, ranAlone } = await session.run({ kind: "rows", rows: [makeRow(), makeRow()], batchSize: 2 });
  return !ranAlone && rows.every((outcome) => "outputs" in outcome);
}
