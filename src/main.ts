import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { BENCH_OPTIONS } from "./cli/bench-options.ts";
import { commandNamed } from "./cli/command-table.ts";
import { commandHelp, helpText } from "./cli/help-text.ts";
import { parseOptions } from "./cli/option-table.ts";
import { PREDICT_OPTIONS } from "./cli/predict-options.ts";
import { print, READER_LEFT, ReaderLeftError } from "./cli/print.ts";
import { TILES_OPTIONS } from "./cli/tiles-options.ts";
import { cpuCount } from "./config/cpu-count.ts";
import { type CudaDevices, cudaDevices } from "./config/cuda-devices.ts";
import { packageVersion } from "./config/package-version.ts";
import { givenSettings, parseSettings } from "./config/parse-settings.ts";
import { sagemakerDefaults } from "./config/sagemaker-defaults.ts";
import type { Settings } from "./config/settings.ts";
import { excerpt, StartupError, UsageError } from "./errors.ts";
import type { OpenModel } from "./predict.ts";

const cpus = cpuCount({
  schedulable: availableParallelism(),
  readFile: (path) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  },
});

function findCuda({ cudaDevices: setting }: Settings): CudaDevices {
  return cudaDevices({
    setting,
    cudaVisibleDevices: process.env.CUDA_VISIBLE_DEVICES,
    listFolder: (path) => listFolder(path) ?? [],
  });
}

function listFolder(path: string): readonly string[] | undefined {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}

/** Ends with the exit code; a start that fails says why in one line on standard error. Only what the command needs is loaded. */
async function main(args: readonly string[]): Promise<void> {
  const [word = "serve", ...rest] = args;
  const command = commandNamed(word);
  const flags = args.slice(0, args.includes("--") ? args.indexOf("--") : undefined);
  if (flags.includes("--help") || flags.includes("-h")) {
    await print(command === undefined ? helpText() : commandHelp(command));
    return;
  }
  if (flags.includes("--version")) {
    await print(`${packageVersion()}\n`);
    return;
  }
  switch (command) {
    case "check":
      process.exitCode = await runCheck(rest);
      return;
    case "predict":
      process.exitCode = await runPredict(rest);
      return;
    case "tiles":
      process.exitCode = await runTiles(rest);
      return;
    case "bench": {
      const { bench } = await import("./bench.ts");
      process.exitCode = await bench(parseOptions(rest, BENCH_OPTIONS));
      return;
    }
    case "serve":
      // SageMaker starts containers with the word.
      await runServe(rest, args[0] === "serve");
      return;
    case undefined:
      if (!word.startsWith("-")) throw new UsageError(`unknown command "${excerpt(word)}"; see --help`);
      await runServe(args, false);
  }
}

async function runServe(flags: readonly string[], isServe: boolean): Promise<void> {
  const settings = await readSettings(flags, sagemakerDefaults({ isServe, listFolder }));
  const { serve } = await import("./serve.ts");
  await serve({ settings, cpus, cuda: findCuda(settings) });
}

async function runCheck(args: readonly string[]): Promise<number> {
  const [dir, ...others] = args;
  const isDir = dir !== undefined && !dir.startsWith("--");
  const settings = await readSettings(isDir ? [`--model-dir=${dir}`, ...others] : args);
  const { check } = await import("./check.ts");
  return check({ settings, cpus, cuda: findCuda(settings) });
}

async function runPredict(args: readonly string[]): Promise<number> {
  const { options, words } = parseOptions(args, PREDICT_OPTIONS);
  const { predict } = await import("./predict.ts");
  return predict({
    options,
    inputs: words,
    openModel,
  });
}

async function runTiles(args: readonly string[]): Promise<number> {
  const { options, words } = parseOptions(args, TILES_OPTIONS);
  const { predictTiles } = await import("./predict-tiles.ts");
  return predictTiles({ options, inputs: words, openModel });
}

const openModel: OpenModel = async (modelDir, choice) => {
  const settings = await readSettings(modelDir === undefined ? [] : [`--model-dir=${modelDir}`]);
  const { LocalModel } = await import("./local-model.ts");
  return LocalModel.load({ settings, cpus, cuda: findCuda(settings), choice });
};

async function readSettings(
  flags: readonly string[],
  defaults?: Parameters<typeof parseSettings>[2],
): Promise<Settings> {
  const settings = parseSettings(flags, process.env, defaults);
  if (settings.batchingParametersFile === undefined) return settings;
  const { withBatchingParameters } = await import("./batching-parameters.ts");
  return withBatchingParameters(settings, givenSettings(flags, process.env));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  // One line, whatever it is.
  const stack = () => String((error as Error).stack).replaceAll(/\s*\n\s*/g, " ");
  if (error instanceof ReaderLeftError) process.exit(READER_LEFT);
  const message = error instanceof StartupError ? error.message : stack();
  process.stderr.write(`onnx-serving: ${message}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
});
