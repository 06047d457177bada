import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PICTURE_EDGE_PIXELS } from "../../src/bench/paint-jpegs.ts";
import { countCores } from "../count-cores.ts";
import { describeMachine } from "../machine.ts";
import { progress } from "../progress.ts";
import { writeTiles } from "../tiles.ts";
import { compareModel } from "./compare-model.ts";
import { type InstalledPeer, installPeer } from "./install-peer.ts";
import { HELP, type PeersOptions, parsePeersOptions } from "./options.ts";
import { ABSENT, PEERS, type PeerName } from "./peers.ts";
import { type ModelComparison, type PeersReport, renderPeersReport } from "./report.ts";

const TILES = 32;

async function main(args: readonly string[]): Promise<void> {
  const options = parsePeersOptions(args);
  if (options.isHelp) {
    process.stdout.write(HELP);
    return;
  }
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => interrupt.abort(new Error(`stopped by ${name}`)));
  }
  const workFolder = mkdtempSync(join(tmpdir(), "onnx-serving-peers-"));
  try {
    const report = await measure(options, workFolder, interrupt.signal);
    process.stdout.write(`${renderPeersReport(report)}\n`);
    if (options.jsonFile !== undefined)
      writeFileSync(options.jsonFile, `${JSON.stringify(report, undefined, 2)}\n`);
  } catch (error) {
    throw interrupt.signal.aborted ? interrupt.signal.reason : error;
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
}

async function measure(options: PeersOptions, workFolder: string, signal: AbortSignal): Promise<PeersReport> {
  const cores = countCores();
  const machine = describeMachine(cores);
  const notMeasured: Record<string, string> = { ...ABSENT };
  const onFailure = (peer: string, { message }: Error) => {
    progress(`${peer}: ${message}`);
    notMeasured[peer] = message;
  };
  const installed = await installAll(options.peers, { signal, onFailure });
  const meanBytes = await writeTiles(join(workFolder, "tiles"), TILES);
  const models: ModelComparison[] = [];
  for (const model of options.models) {
    models.push(
      await compareModel({
        ...options,
        model,
        workFolder,
        cores,
        peers: installed,
        signal,
        onProgress: progress,
        onFailure,
      }),
    );
  }
  return {
    command: ["npm run bench:peers --", ...process.argv.slice(2)].join(" "),
    date: new Date().toISOString(),
    machine,
    tiles: { count: TILES, edgePixels: PICTURE_EDGE_PIXELS, meanBytes },
    seconds: options.seconds,
    models,
    settings: Object.fromEntries([
      ["onnx-serving", "every setting at its default"],
      ...installed.map(({ name, versions }) => [`${PEERS[name].title} (${versions})`, PEERS[name].settings]),
    ]),
    notMeasured,
  };
}

interface InstallAllOptions {
  readonly signal: AbortSignal;
  readonly onFailure: (peer: string, error: Error) => void;
}

async function installAll(
  names: readonly PeerName[],
  { signal, onFailure }: InstallAllOptions,
): Promise<InstalledPeer[]> {
  const installed: InstalledPeer[] = [];
  for (const name of names) {
    try {
      installed.push(await installPeer(name, { signal, onProgress: progress }));
    } catch (error) {
      signal.throwIfAborted();
      onFailure(PEERS[name].title, error as Error);
    }
  }
  return installed;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`peers: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
