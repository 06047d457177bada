import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { cpuCount } from "./config/cpu-count.ts";
import { type CudaDevices, cudaDevices } from "./config/cuda-devices.ts";
import { helpText } from "./config/help.ts";
import { parseSettings } from "./config/parse-settings.ts";
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
    listFolder: (path) => {
      try {
        return readdirSync(path);
      } catch {
        return [];
      }
    },
  });
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
    const settings = parseSettings(dirFlags, process.env);
    const { check } = await import("./check.ts");
    process.exitCode = await check({ settings, cpus, cuda: findCuda(settings) });
  } else {
    // "serve" is what SageMaker starts containers with.
    const flags = command === "serve" ? rest : args;
    const settings = parseSettings(flags, process.env);
    const { serve } = await import("./serve.ts");
    await serve({ settings, cpus, cuda: findCuda(settings) });
  }
}

function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const message = error instanceof StartupError ? error.message : String((error as Error).stack);
  process.stderr.write(`onnx-serving: ${message}\n`);
  process.exit(1);
});
