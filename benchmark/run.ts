import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PICTURE_EDGE_PIXELS } from "../src/bench/paint-jpegs.ts";
import { countCores } from "./count-cores.ts";
import { describeCommand } from "./describe-command.ts";
import { docsFigures } from "./docs/docs-figures.ts";
import { fillMarkers } from "./docs/fill-markers.ts";
import { describeMachine } from "./machine.ts";
import type { StageCosts } from "./measure-image-stages.ts";
import { type ModelFigures, type ModelOptions, measureModel } from "./measure-model.ts";
import { type BenchmarkOptions, HELP, parseOptions } from "./options.ts";
import { writePlots } from "./plots/write-plots.ts";
import { progress } from "./progress.ts";
import { type Report, type RunDescription, renderReport } from "./report.ts";
import { runPart } from "./run-part.ts";
import { writeTiles } from "./tiles.ts";

const TILES = 32;
const DOCS = "docs/performance.md";

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
    const report = await findFigures(options, workFolder, interrupt.signal);
    const json = `${JSON.stringify(report, undefined, 2)}\n`;
    process.stdout.write(`${renderReport(report)}\n\n${json}`);
    if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, json);
    if (options.plotsFolder !== undefined) writePlots(report, options.plotsFolder);
    if (options.isDocs) writeFileSync(DOCS, fillMarkers(readFileSync(DOCS, "utf8"), docsFigures(report)));
  } catch (error) {
    throw interrupt.signal.aborted ? interrupt.signal.reason : error;
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
}

async function findFigures(
  options: BenchmarkOptions,
  workFolder: string,
  signal: AbortSignal,
): Promise<Report> {
  const { fromFile } = options;
  if (fromFile !== undefined) return JSON.parse(readFileSync(fromFile, "utf8")) as Report;
  const cores = countCores();
  const description: RunDescription = {
    command: describeCommand(process.argv.slice(2), process.env),
    date: new Date().toISOString(),
    machine: describeMachine(cores),
  };
  const common = { workFolder, cores, signal, onProgress: progress };
  return { ...description, ...(await measure(options, common)) };
}

async function measure(
  options: BenchmarkOptions,
  common: Pick<ModelOptions, "workFolder" | "cores" | "signal" | "onProgress">,
): Promise<Omit<Report, keyof RunDescription>> {
  progress(`writing ${TILES} tiles`);
  const tilesFolder = join(common.workFolder, "tiles");
  const meanBytes = await writeTiles(tilesFolder, TILES);
  const stages = await measureStages(options, tilesFolder, common.signal);
  const models: ModelFigures[] = [];
  for (const model of options.models) {
    models.push(await measureModel({ ...options, ...common, model, stages }));
  }
  return {
    tiles: { count: TILES, edgePixels: PICTURE_EDGE_PIXELS, meanBytes },
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
    decodeGeneral: await alone("decodeGeneral", "decode with sharp"),
    preprocess: await alone("preprocess", "resize + normalise"),
    json: await alone("json", "JSON + base64"),
  };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`benchmark: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
