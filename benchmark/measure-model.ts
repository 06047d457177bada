import { join } from "node:path";
import { ServerProcess } from "../src/bench/server-process.ts";
import { type Comparison, compareToAlone } from "./compare-to-alone.ts";
import type { Cost } from "./cpu-meter.ts";
import { type BesideCrowdFigures, measureBesideCrowd } from "./measure-beside-crowd.ts";
import { type IdleFigures, measureIdle } from "./measure-idle.ts";
import type { StageCosts } from "./measure-image-stages.ts";
import { measureOfferedLoads, type OfferedLoadFigures } from "./measure-offered-loads.ts";
import type { SessionCost } from "./measure-session.ts";
import type { SpinningCosts } from "./measure-spinning.ts";
import { type ModelName, writeModelFolder } from "./model-folder.ts";
import type { BenchmarkOptions } from "./options.ts";
import { runPart } from "./run-part.ts";
import { type ServedFigures, serveUnderLoad } from "./serve-under-load.ts";

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
  readonly spinning: SpinningCosts;
  /** The batch size of most images/s. */
  readonly bestBatchSize: number;
  /** session.run alone at that size, measured again before the first load and after each. */
  readonly sessionAgain: readonly Cost[];
  readonly served: readonly (ServedFigures & Comparison)[];
  readonly idle: IdleFigures;
  readonly besideCrowd: BesideCrowdFigures;
  /** Only for plots. */
  readonly offeredLoads: readonly OfferedLoadFigures[];
}

const LOADS = [
  { tilesPerRequest: 10, clients: 4 },
  { tilesPerRequest: 1, clients: 16 },
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
  onProgress(`${model}: alone, with pauses`);
  const threads = { modelPath, intraOpThreads: cores, seconds: options.secondsAlone };
  const spinning = await runPart("spinning", threads, { signal });
  const best = session.reduce((left, right) => (right.imagesPerSecond > left.imagesPerSecond ? right : left));
  const [first] = await measureAlone([best.batchSize]);
  const sessionAgain: Cost[] = [first ?? best];
  onProgress(`${model}: starting the server`);
  const server = await ServerProcess.start({ entry: options.server, modelFolder, signal });
  try {
    await settle(server, options);
    const served: (ServedFigures & Comparison)[] = [];
    for (const load of LOADS) {
      const figures = await measureServed(server, load, options);
      const before = sessionAgain.at(-1) ?? best;
      const [after = best] = await measureAlone([best.batchSize]);
      sessionAgain.push(after);
      served.push({ ...figures, ...compareToAlone({ served: figures, before, after, stages, cores }) });
    }
    const measureOneRow = async () => (await measureAlone([1]))[0] ?? best;
    const latencies = await measureLatencies(server, measureOneRow, options);
    const offeredLoads =
      options.plotsFolder === undefined ? [] : await measureOffered(server, served, options);
    await server.stop();
    const alone = { session, spinning, bestBatchSize: best.batchSize, sessionAgain };
    return { model, ...alone, served, ...latencies, offeredLoads };
  } finally {
    server.kill();
  }
}

/** A server that has answered for long is what counts: V8 compiles a function well when it has run some thousand times. */
async function settle(
  server: ServerProcess,
  { model, workFolder, seconds, signal, onProgress }: ModelOptions,
): Promise<void> {
  onProgress(`${model}: letting the server settle`);
  const times = { warmupSeconds: 3 * seconds, seconds: 1 };
  await serveUnderLoad(server, { tilesFolder: join(workFolder, "tiles"), ...LOADS[0], ...times }, signal);
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

async function measureLatencies(
  server: ServerProcess,
  measureOneRow: () => Promise<Cost>,
  { model, workFolder, seconds, stages, signal, onProgress }: ModelOptions,
): Promise<Pick<ModelFigures, "idle" | "besideCrowd">> {
  const common = { server, tilesFolder: join(workFolder, "tiles"), warmupSeconds: seconds / 3, signal };
  onProgress(`${model}: one tile, idle server`);
  const idle = await measureIdle({ ...common, seconds, stages, measureOneRow });
  onProgress(`${model}: one tile beside a crowd`);
  // One answer takes a few batches: it takes longer to hear enough of them.
  const besideCrowd = await measureBesideCrowd({ ...common, seconds: 3 * seconds });
  return { idle, besideCrowd };
}

function measureOffered(
  server: ServerProcess,
  served: ModelFigures["served"],
  { model, workFolder, seconds, signal, onProgress }: ModelOptions,
): Promise<readonly OfferedLoadFigures[]> {
  const single = served.find(({ tilesPerRequest }) => tilesPerRequest === 1);
  return measureOfferedLoads({
    server,
    tilesFolder: join(workFolder, "tiles"),
    capacityImagesPerSecond: single?.imagesPerSecond ?? Number.NaN,
    warmupSeconds: seconds / 3,
    seconds,
    signal,
    onProgress: (text) => onProgress(`${model}: ${text}`),
  });
}
