import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countCores } from "./count-cores.ts";
import { describeMachine } from "./machine.ts";
import type { StageCosts } from "./measure-image-stages.ts";
import { type ModelFigures, measureModel } from "./measure-model.ts";
import { type BenchmarkOptions, HELP, parseOptions } from "./options.ts";
import { progress } from "./progress.ts";
import { type Report, renderReport } from "./report.ts";
import { runPart } from "./run-part.ts";
import { TILE_EDGE_PIXELS, writeTiles } from "./tiles.ts";

const TILES = 32;

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options.isHelp) {
    process.stdout.write(HELP);
    return;
  }
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => interrupt.abort(new Error(`stopped by ${name}`)));
  }
  const workFolder = mkdtempSync(join(tmpdir(), "onnx-serving-bench-"));
  try {
    const report = await measure(options, workFolder, interrupt.signal);
    const json = `${JSON.stringify(report, undefined, 2)}\n`;
    process.stdout.write(`${renderReport(report)}\n\n${json}`);
    if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, json);
  } catch (error) {
    throw interrupt.signal.aborted ? interrupt.signal.reason : error;
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
}

async function measure(options: BenchmarkOptions, workFolder: string, signal: AbortSignal): Promise<Report> {
  const cores = countCores();
  const machine = describeMachine(cores);
  progress(`writing ${TILES} tiles`);
  const tilesFolder = join(workFolder, "tiles");
  const meanBytes = await writeTiles(tilesFolder, TILES);
  const stages = await measureStages(options, tilesFolder, signal);
  const models: ModelFigures[] = [];
  for (const model of options.models) {
    models.push(
      await measureModel({ ...options, model, workFolder, cores, stages, signal, onProgress: progress }),
    );
  }
  return {
    command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
    date: new Date().toISOString(),
    machine,
    tiles: { count: TILES, edgePixels: TILE_EDGE_PIXELS, meanBytes },
    seconds: options.seconds,
    stages,
    models,
  };
}

async function measureStages(
  { secondsAlone: seconds }: BenchmarkOptions,
  tilesFolder: string,
  signal: AbortSignal,
): Promise<StageCosts> {
  const alone = (part: keyof StageCosts, name: string) => {
    progress(`${name} alone`);
    return runPart(part, { tilesFolder, seconds }, { signal });
  };
  return {
    decode: await alone("decode", "decode"),
    preprocess: await alone("preprocess", "resize + normalise"),
    json: await alone("json", "JSON + base64"),
  };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`benchmark: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
