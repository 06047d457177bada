import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../src/bench/seeded-random.ts";
import { ServerProcess } from "../../src/bench/server-process.ts";
import { writeModelFolder } from "../model-folder.ts";
import { runPart } from "../run-part.ts";
import type { ModelMemory } from "./measure-model-memory.ts";
import { type RssSample, RssSampler } from "./rss-sampler.ts";
import { type ServerState, serverState } from "./server-state.ts";
import { soakImages } from "./soak-images.ts";
import { SoakLoad } from "./soak-load.ts";
import type { SoakOptions } from "./soak-options.ts";
import { soakRequests } from "./soak-requests.ts";

export interface MeasureSoakOptions extends Omit<SoakOptions, "isHelp"> {
  readonly workFolder: string;
  readonly cores: number;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
  /** Told each minute, and before and after the load. */
  readonly onState: (when: string, state: ServerState, counts: ReadonlyMap<string, number>) => void;
}

export interface SoakFigures {
  /** Requests that were answered each second to clients who wait for their answers. */
  readonly capacityPerSecond: number;
  readonly offeredPerSecond: number;
  /** Without load, before and after. */
  readonly before: ServerState;
  readonly after: ServerState;
  /** Under load, each minute. */
  readonly minutes: readonly ServerState[];
  readonly rss: readonly RssSample[];
  /** With more requests than the server can answer, after the soak. */
  readonly saturatedRss: readonly RssSample[];
  /** Absent where another folder than a model's own is served. */
  readonly modelAlone: ModelMemory | undefined;
  readonly faultCount: number;
  /** The first ones. */
  readonly faults: readonly string[];
}

const LOAD_SHARE = 0.8;
const CAPACITY_CLIENTS = 4;
/** Ten tiles each: more instances than MAX_ENQUEUED_INSTANCES lets in. */
const SATURATING_CLIENTS = 128;
const SATURATING_TILES = 10;
const MINUTE_MS = 60_000;
/** At one a second, while the last requests end. */
const MAX_IDLE_READINGS = 60;

/**
 * Measures what a server holds over a long load of all that clients send.
 *
 * @throws {Error} where there is no /proc, and when the server ends.
 */
export async function measureSoak(options: MeasureSoakOptions): Promise<SoakFigures> {
  if (process.platform !== "linux") throw new Error("the soak reads /proc, which Linux alone has");
  const { signal, seed, onProgress, onState, seconds } = options;
  onProgress("painting images");
  const images = await soakImages(seed);
  const { modelFolder, modelAlone } = await prepareModel(options);
  onProgress("starting the server");
  const server = await ServerProcess.start({ entry: options.server, modelFolder, signal });
  try {
    const signatures = await offeredSignatures(server);
    const next = soakRequests({ images, signatures, random: seededRandom(seed) });
    const load = new SoakLoad(server.port, next, signal);
    onProgress(`capacity, with ${images.length} images and the signatures ${signatures.join(", ")}`);
    await load.closedLoop(CAPACITY_CLIENTS, seconds / 3);
    load.takeCounts();
    const capacityPerSecond = await load.closedLoop(CAPACITY_CLIENTS, seconds);
    const before = await idleState(server);
    onState("before", before, load.takeCounts());
    const offeredPerSecond = LOAD_SHARE * capacityPerSecond;
    onProgress(`${options.minutes} minutes at ${offeredPerSecond.toFixed(1)} requests/s`);
    const minutes: ServerState[] = [];
    const readMinute = async () => {
      minutes.push(await serverState(server));
      onState(`minute ${minutes.length}`, minutes.at(-1) as ServerState, load.takeCounts());
    };
    const timer = setInterval(() => void readMinute().catch(() => {}), MINUTE_MS);
    const loadSeconds = options.minutes * 60;
    const [, rss] = await sampled(server.pid, () =>
      load.openLoop({ perSecond: offeredPerSecond, seconds: loadSeconds, seed }),
    ).finally(() => clearInterval(timer));
    const after = await idleState(server);
    onState("after", after, load.takeCounts());
    onProgress("saturated with tiles");
    const tiles = images.filter(({ name }) => name === "256x256 jpeg").map(({ bytes }) => bytes);
    const crowd = new SoakLoad(server.port, tileRequest(tiles[0] as Buffer), signal);
    const [, saturatedRss] = await sampled(server.pid, () => crowd.closedLoop(SATURATING_CLIENTS, seconds));
    onState("saturated", await idleState(server), crowd.takeCounts());
    await server.stop();
    return {
      capacityPerSecond,
      offeredPerSecond,
      before,
      after,
      minutes,
      rss,
      saturatedRss,
      modelAlone,
      faultCount: load.faultCount + crowd.faultCount,
      faults: [...load.faults, ...crowd.faults],
    };
  } finally {
    server.kill();
  }
}

async function prepareModel(
  options: MeasureSoakOptions,
): Promise<{ modelFolder: string; modelAlone: ModelMemory | undefined }> {
  const { modelFolder, model, workFolder, cores, signal, onProgress } = options;
  if (modelFolder !== undefined) return { modelFolder, modelAlone: undefined };
  const folder = join(workFolder, model);
  const modelPath = writeModelFolder(folder, model);
  onProgress(`${model}: memory of the session alone`);
  const session = { modelPath, intraOpThreads: cores, batchSizes: [1, 2, 4, 8], runs: 20 };
  return { modelFolder: folder, modelAlone: await runPart("modelMemory", session, { signal }) };
}

async function offeredSignatures(server: ServerProcess): Promise<readonly string[]> {
  const answer = await fetch(`${server.url}/v1/models/model/metadata`);
  const { onnx_serving: own } = (await answer.json()) as { onnx_serving: { signatures: string[] } };
  return own.signatures;
}

function tileRequest(tile: Buffer) {
  const image = { image_bytes: { b64: tile.toString("base64") } };
  const body = Buffer.from(JSON.stringify({ instances: Array(SATURATING_TILES).fill(image) }));
  const request = { method: "POST", path: "/analyze:predict", headers: {}, body, statuses: [200] } as const;
  return () => ({ kind: "tiles", ...request });
}

/** What the server holds when it has answered everything, and the clients' connections are closed. */
async function idleState(server: ServerProcess): Promise<ServerState> {
  for (let left = MAX_IDLE_READINGS; ; left--) {
    await sleep(1000);
    try {
      const state = await serverState(server);
      if (state.unanswered > 0 && left > 0) continue;
      await sleep(1000);
      return await serverState(server);
    } catch (error) {
      // Where other work has the machine, a reading may take too long.
      if (left <= 0) throw error;
    }
  }
}

async function sampled(pid: number, work: () => Promise<unknown>): Promise<[unknown, readonly RssSample[]]> {
  const sampler = new RssSampler(pid);
  try {
    return [await work(), sampler.stop()];
  } finally {
    sampler.stop();
  }
}
