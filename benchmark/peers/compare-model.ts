import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ServerProcess } from "../../src/bench/server-process.ts";
import { type ModelName, writeModelFolder } from "../model-folder.ts";
import type { InstalledPeer } from "./install-peer.ts";
import { type MeasureOptions, measurePeer, type ServerFigures } from "./measure-peer.ts";
import { PeerProcess } from "./peer-process.ts";
import { PEERS, type Peer } from "./peers.ts";
import type { ModelComparison } from "./report.ts";

export interface CompareOptions {
  readonly model: ModelName;
  /** Holds `tiles/`; what the servers need of files is made in it. */
  readonly workFolder: string;
  readonly cores: number;
  readonly peers: readonly InstalledPeer[];
  readonly seconds: number;
  /** Our built server. */
  readonly server: string;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
  readonly onFailure: (title: string, error: Error) => void;
}

const SHARED = fileURLToPath(new URL("shared", import.meta.url));

/**
 * Measures ours, each peer and ours again, one after the other, with one graph and the same tiles. A peer
 * that fails is told to `onFailure` and left out.
 *
 * @throws {Error} when ours fails.
 */
export async function compareModel(options: CompareOptions): Promise<ModelComparison> {
  const { model, workFolder, peers, signal, onFailure } = options;
  const modelFolder = join(workFolder, model);
  const modelPath = writeModelFolder(modelFolder, model);
  const before = await measureOurs(modelFolder, options);
  const measured: (ServerFigures & { title: string })[] = [];
  for (const peer of peers) {
    const { title } = PEERS[peer.name];
    try {
      measured.push({ title, ...(await measureOne(peer, modelPath, options)) });
    } catch (error) {
      signal.throwIfAborted();
      onFailure(`${title}, ${model}`, error as Error);
    }
  }
  return { model, ours: [before, await measureOurs(modelFolder, options)], peers: measured };
}

async function measureOurs(modelFolder: string, options: CompareOptions): Promise<ServerFigures> {
  const server = await ServerProcess.start({ entry: options.server, modelFolder, signal: options.signal });
  try {
    const figures = await measurePeer(server, {
      wire: "analyze",
      ...measureOptions("onnx-serving", options),
    });
    await server.stop();
    return figures;
  } catch (error) {
    server.kill();
    throw error;
  }
}

async function measureOne(
  installed: InstalledPeer,
  modelPath: string,
  options: CompareOptions,
): Promise<ServerFigures> {
  const { name, folder, programs } = installed;
  const { title, wire, graph, command, readyPath, variables }: Peer = PEERS[name];
  const { model, cores, workFolder, signal } = options;
  const scratch = join(workFolder, `${model}-${name}`);
  mkdirSync(scratch);
  const torchScriptPath = join(scratch, "model.pt");
  const [program = "", ...args] = command;
  if (graph === "torchscript")
    await promisify(execFile)(
      join(programs, "python"),
      [join(SHARED, "torch_export.py"), modelPath, torchScriptPath],
      { signal },
    );
  const peer = await PeerProcess.start({
    command: [join(programs, program), ...args],
    folder,
    variables: {
      ...variables,
      PATH: `${programs}:${process.env.PATH}`,
      PYTHONPATH: SHARED,
      MODEL_PATH: modelPath,
      TORCHSCRIPT_PATH: torchScriptPath,
      WORKERS: String(cores),
      // PyTorch's threads in one graph: a worker for each core has no use for more.
      OMP_NUM_THREADS: "1",
      SCRATCH: scratch,
    },
    readyPath,
    logFile: join(scratch, "log"),
    signal,
  });
  try {
    return await measurePeer(peer, { wire, ...measureOptions(title, options) });
  } finally {
    await peer.stop();
  }
}

function measureOptions(title: string, options: CompareOptions): Omit<MeasureOptions, "wire"> {
  const { model, workFolder, seconds, signal, onProgress } = options;
  const onLoad = (text: string) => onProgress(`${model}: ${title}: ${text}`);
  return { tilesFolder: join(workFolder, "tiles"), seconds, signal, onProgress: onLoad };
}
