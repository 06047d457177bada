import { seededRandom } from "../src/bench/seeded-random.ts";
import { OnnxSession } from "../src/runtime/onnx-session.ts";
import { type Cost, measureCost } from "./cpu-meter.ts";

export interface SessionOptions {
  readonly modelPath: string;
  /** Threads of one run. */
  readonly intraOpThreads: number;
  readonly batchSizes: readonly number[];
  /** For each batch size. */
  readonly seconds: number;
}

export interface SessionCost extends Cost {
  readonly batchSize: number;
}

const ROW_SHAPE = [3, 224, 224] as const;

/**
 * Measures `session.run` with the server's own session and nothing around it: the most that this machine
 * can give. One process loads the session once and runs each batch size in turn.
 */
export async function measureSession(
  options: SessionOptions,
  notify: (text: string) => void,
): Promise<SessionCost[]> {
  const { modelPath, intraOpThreads, batchSizes, seconds } = options;
  const session = await OnnxSession.load({ modelPath, device: "cpu", intraOpThreads });
  const [input] = session.info.inputs;
  if (input === undefined) throw new Error(`${modelPath} has no input`);
  const random = seededRandom(1);
  const costs: SessionCost[] = [];
  for (const batchSize of batchSizes) {
    const length = batchSize * ROW_SHAPE[0] * ROW_SHAPE[1] * ROW_SHAPE[2];
    // The range of normalised pixels.
    const data = Float32Array.from({ length }, () => 4.6 * random() - 2.1);
    const tensor = { dtype: "float32", shape: [batchSize, ...ROW_SHAPE], data } as const;
    const step = async () => {
      await session.run({ [input.name]: tensor });
      return batchSize;
    };
    const cost = await measureCost({ step, seconds });
    notify(`batch ${batchSize}: ${cost.imagesPerSecond.toFixed(0)} images/s`);
    costs.push({ batchSize, ...cost });
  }
  return costs;
}
