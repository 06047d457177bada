import { join } from "node:path";
import { type ModelName, writeModelFolder } from "../model-folder.ts";
import type { OpenLoopFigures } from "../open-loop-client.ts";
import { runPart } from "../run-part.ts";
import { ServerProcess } from "../server-process.ts";
import type { ModelMemory } from "./measure-model-memory.ts";
import { writeMixedImages } from "./mixed-images.ts";
import { type RssSample, RssSampler } from "./rss-sampler.ts";
import { type RssSlope, rssSlope } from "./rss-slope.ts";

export interface SoakOptions {
  readonly model: ModelName;
  readonly minutes: number;
  /** Length of the loads before and after the soak. */
  readonly seconds: number;
  readonly server: string;
  readonly workFolder: string;
  readonly cores: number;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

export interface SoakFigures {
  readonly model: ModelName;
  readonly minutes: number;
  readonly imagesPerRequest: number;
  /** Mixed images that the server gave to clients that wait for their answers. */
  readonly capacityImagesPerSecond: number;
  readonly load: OpenLoopFigures;
  /** Through all but the first fifth, in which arenas and pools grow to their size. */
  readonly slope: RssSlope;
  /** Of the same time. */
  readonly rss: RssRange;
  /** With more requests than the server can answer, after the soak. */
  readonly saturated: RssRange;
  readonly modelAlone: ModelMemory;
}

export interface RssRange {
  readonly firstMib: number;
  readonly lastMib: number;
  readonly meanMib: number;
  readonly maxMib: number;
}

const IMAGES_PER_REQUEST = 4;
const CLIENTS = 4;
const SATURATING_CLIENTS = 16;
const LOAD_SHARE = 0.8;
const SETTLING_SHARE = 0.2;

/**
 * Measures the memory of a server over a long load of images of all sizes at random times.
 *
 * @throws {Error} where there is no /proc, and when the server fails or answers one request wrongly.
 */
export async function measureSoak(options: SoakOptions): Promise<SoakFigures> {
  if (process.platform !== "linux") throw new Error("--soak reads /proc, which Linux alone has");
  const { model, minutes, workFolder, cores, signal, onProgress } = options;
  const modelFolder = join(workFolder, model);
  onProgress(`${model}: writing the graph and images of 64 to 2000 pixels`);
  const modelPath = writeModelFolder(modelFolder, model);
  const tilesFolder = join(workFolder, "mixed");
  await writeMixedImages(tilesFolder);
  onProgress(`${model}: memory of the session alone`);
  const session = { modelPath, intraOpThreads: cores, batchSizes: [1, 2, 4, 8], runs: 20 };
  const modelAlone = await runPart("modelMemory", session, { signal });
  onProgress(`${model}: starting the server`);
  const server = await ServerProcess.start({ entry: options.server, modelFolder, signal });
  try {
    const common = { port: server.port, tilesFolder, tilesPerRequest: IMAGES_PER_REQUEST };
    const closedLoop = async (clients: number) => {
      const times = { warmupSeconds: options.seconds / 3, seconds: options.seconds };
      return runPart("load", { ...common, wire: "analyze", clients, ...times }, { signal });
    };
    onProgress(`${model}: capacity`);
    const { imagesPerSecond: capacityImagesPerSecond } = await closedLoop(CLIENTS);
    const imagesPerSecond = LOAD_SHARE * capacityImagesPerSecond;
    onProgress(`${model}: ${minutes} minutes at ${imagesPerSecond.toFixed(1)} images/s`);
    const times = { warmupSeconds: 0, seconds: minutes * 60, arrivals: "poisson", seed: 1 } as const;
    const [load, samples] = await sampled(server.pid, () =>
      runPart("openLoop", { ...common, imagesPerSecond, ...times }, { signal }),
    );
    onProgress(`${model}: saturated`);
    const [, saturated] = await sampled(server.pid, () => closedLoop(SATURATING_CLIENTS));
    await server.stop();
    const settled = samples.filter((sample) => sample.minutes >= SETTLING_SHARE * minutes);
    return {
      model,
      minutes,
      imagesPerRequest: IMAGES_PER_REQUEST,
      capacityImagesPerSecond,
      load,
      slope: rssSlope(settled),
      rss: rssRange(settled),
      saturated: rssRange(saturated),
      modelAlone,
    };
  } finally {
    server.kill();
  }
}

async function sampled<Result>(
  pid: number,
  work: () => Promise<Result>,
): Promise<[Result, readonly RssSample[]]> {
  const sampler = new RssSampler(pid);
  try {
    return [await work(), sampler.stop()];
  } finally {
    sampler.stop();
  }
}

function rssRange(samples: readonly RssSample[]): RssRange {
  const values = samples.map(({ mib }) => mib);
  return {
    firstMib: values[0] ?? Number.NaN,
    lastMib: values.at(-1) ?? Number.NaN,
    meanMib: values.reduce((sum, value) => sum + value, 0) / values.length,
    maxMib: Math.max(...values),
  };
}
