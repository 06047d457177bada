import { join } from "node:path";
import { type Comparison, compareToAlone } from "./compare-to-alone.ts";
import type { Cost } from "./cpu-meter.ts";
import type { StageCosts } from "./measure-image-stages.ts";
import type { SessionCost } from "./measure-session.ts";
import { type ModelName, writeModelFolder } from "./model-folder.ts";
import type { BenchmarkOptions } from "./options.ts";
import { runPart } from "./run-part.ts";
import { type ServedFigures, serveUnderLoad } from "./serve-under-load.ts";
import { ServerProcess } from "./server-process.ts";

export interface ModelOptions extends BenchmarkOptions {
  readonly model: ModelName;
  /** Holds `tiles/`; the model's folder is made in it. */
  readonly workFolder: string;
  readonly cores: number;
  readonly stages: StageCosts;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

export interface ModelFigures {
  readonly model: ModelName;
  /** session.run alone, one for each batch size. */
  readonly session: readonly SessionCost[];
  /** The batch size of most images/s. */
  readonly bestBatchSize: number;
  /** session.run alone at that size, measured again before the first load and after each. */
  readonly sessionAgain: readonly Cost[];
  readonly served: readonly (ServedFigures & Comparison)[];
}

const LOADS = [
  { tilesPerRequest: 10, clients: 4 },
  { tilesPerRequest: 1, clients: 16 },
  // An idle server's latency.
  { tilesPerRequest: 1, clients: 1 },
] as const;

/**
 * Measures one model: its session alone, then the server that serves it, and between the loads the session
 * again: other work on the machine then shows, and weighs on both sides of a ratio.
 *
 * @throws {Error} when the server fails or answers one request wrongly.
 */
export async function measureModel(options: ModelOptions): Promise<ModelFigures> {
  const { model, workFolder, cores, stages, signal, onProgress, batchSizes } = options;
  const modelFolder = join(workFolder, model);
  onProgress(`${model}: writing the graph`);
  const modelPath = writeModelFolder(modelFolder, model);
  const measureAlone = (sizes: readonly number[]) => {
    const session = { modelPath, intraOpThreads: cores, batchSizes: sizes, seconds: options.secondsAlone };
    return runPart("session", session, { signal, onNote: (text) => onProgress(`${model}: alone, ${text}`) });
  };
  const session = await measureAlone(batchSizes);
  const best = session.reduce((left, right) => (right.imagesPerSecond > left.imagesPerSecond ? right : left));
  const [first] = await measureAlone([best.batchSize]);
  const sessionAgain: Cost[] = [first ?? best];
  onProgress(`${model}: starting the server`);
  const server = await ServerProcess.start({ entry: options.server, modelFolder, signal });
  const served: (ServedFigures & Comparison)[] = [];
  try {
    for (const load of LOADS) {
      const figures = await measureServed(server, load, options);
      const before = sessionAgain.at(-1) ?? best;
      const [after = best] = await measureAlone([best.batchSize]);
      sessionAgain.push(after);
      served.push({ ...figures, ...compareToAlone({ served: figures, before, after, stages, cores }) });
    }
  } catch (error) {
    server.kill();
    throw error;
  }
  await server.stop();
  return { model, session, bestBatchSize: best.batchSize, sessionAgain, served };
}

async function measureServed(
  server: ServerProcess,
  load: (typeof LOADS)[number],
  { model, workFolder, seconds, signal, onProgress }: ModelOptions,
): Promise<ServedFigures> {
  const name = `${model}: served to ${load.clients} x ${load.tilesPerRequest} tiles`;
  onProgress(name);
  const times = { warmupSeconds: seconds / 3, seconds };
  const tilesFolder = join(workFolder, "tiles");
  const figures = await serveUnderLoad(server, { tilesFolder, ...load, ...times }, signal);
  onProgress(`${name}, ${figures.imagesPerSecond.toFixed(0)} images/s`);
  return figures;
}
