import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { cpuCount } from "./config/cpu-count.ts";
import { type CudaDevices, cudaDevices } from "./config/cuda-devices.ts";
import { helpText } from "./config/help.ts";
import { packageVersion } from "./config/package-version.ts";
import { givenSettings, parseSettings } from "./config/parse-settings.ts";
import { sagemakerDefaults } from "./config/sagemaker-defaults.ts";
import type { Settings } from "./config/settings.ts";
import { StartupError } from "./errors.ts";

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
  const [command = "serve", ...rest] = args;
  if (args.includes("--help")) {
    process.stdout.write(helpText());
  } else if (args.includes("--version")) {
    process.stdout.write(`${packageVersion()}\n`);
  } else if (command === "check") {
    const [dir, ...flags] = rest;
    const dirFlags = dir === undefined || dir.startsWith("--") ? rest : [`--model-dir=${dir}`, ...flags];
    const settings = await readSettings(dirFlags);
    const { check } = await import("./check.ts");
    process.exitCode = await check({ settings, cpus, cuda: findCuda(settings) });
  } else {
    // SageMaker starts containers with the word.
    const isServe = args[0] === "serve";
    const defaults = sagemakerDefaults({ isServe, listFolder });
    const settings = await readSettings(isServe ? rest : args, defaults);
    const { serve } = await import("./serve.ts");
    await serve({ settings, cpus, cuda: findCuda(settings) });
  }
}

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
  const message = error instanceof StartupError ? error.message : stack();
  process.stderr.write(`onnx-serving: ${message}\n`);
  process.exit(1);
});
