import { setTimeout as sleep } from "node:timers/promises";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { percentiles } from "../src/bench/percentiles.ts";

export interface SpinningOptions {
  readonly modelPath: string;
  /** Threads of one run. */
  readonly intraOpThreads: number;
  /** For each of the two. */
  readonly seconds: number;
}

/** What a run costs when the next one comes a while later. */
export interface PausedRunCost {
  readonly runMs: number;
  /** All threads of the process; the pause is in it. */
  readonly cpuMs: number;
}

/** The runtime's threads can wait for the next run in a loop (its default) or blocked (the server's choice). */
export interface SpinningCosts {
  readonly spinning: PausedRunCost;
  readonly blocked: PausedRunCost;
}

const PAUSE_MS = 50;
const SHAPE = [1, 3, 224, 224] as const;

/** Measures session.run of one row with pauses in between, with the runtime's threads spinning and not. */
export async function measureSpinning(options: SpinningOptions): Promise<SpinningCosts> {
  return { spinning: await measure("1", options), blocked: await measure("0", options) };
}

async function measure(
  allowSpinning: "0" | "1",
  { modelPath, intraOpThreads, seconds }: SpinningOptions,
): Promise<PausedRunCost> {
  // As the server's session, but for the one option.
  const session = await InferenceSession.create(modelPath, {
    executionProviders: ["cpu"],
    executionMode: "sequential",
    intraOpNumThreads: intraOpThreads,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: allowSpinning } } },
  });
  const [input = ""] = session.inputNames;
  const feeds = { [input]: new Tensor("float32", new Float32Array(3 * 224 * 224), SHAPE) };
  await session.run(feeds);
  const runsMs: number[] = [];
  const [startMs, cpuBefore] = [performance.now(), process.cpuUsage()];
  while (runsMs.length < 3 || performance.now() - startMs < seconds * 1000) {
    const runStartMs = performance.now();
    await session.run(feeds);
    runsMs.push(performance.now() - runStartMs);
    await sleep(PAUSE_MS);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  await session.release();
  return { runMs: percentiles(runsMs).p50Ms, cpuMs: (user + system) / 1000 / runsMs.length };
}
