import { OnnxSession } from "../../src/runtime/onnx-session.ts";
import { rssMib } from "./rss-sampler.ts";

export interface ModelMemoryOptions {
  readonly modelPath: string;
  readonly intraOpThreads: number;
  readonly batchSizes: readonly number[];
  /** Of each batch size. */
  readonly runs: number;
}

/** Resident memory of a process that holds the session and nothing else, in MiB. */
export interface ModelMemory {
  /** Node alone, with the runtime's library. */
  readonly beforeMib: number;
  /** After all runs. */
  readonly afterMib: number;
}

/** Loads and runs the server's own session in this process, and returns what memory it takes. Linux only. */
export async function measureModelMemory(options: ModelMemoryOptions): Promise<ModelMemory> {
  const { modelPath, intraOpThreads, batchSizes, runs } = options;
  const beforeMib = rssMib(process.pid) ?? Number.NaN;
  const session = await OnnxSession.load({ modelPath, device: "cpu", intraOpThreads });
  const [input] = session.info.inputs;
  if (input === undefined) throw new Error(`${modelPath} has no input`);
  for (const batchSize of batchSizes) {
    const data = new Float32Array(batchSize * 3 * 224 * 224);
    const tensor = { dtype: "float32", shape: [batchSize, 3, 224, 224], data } as const;
    for (let i = 0; i < runs; i++) await session.run({ [input.name]: tensor });
  }
  return { beforeMib, afterMib: rssMib(process.pid) ?? Number.NaN };
}
