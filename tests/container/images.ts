import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type CommandResult, tryDocker } from "./docker.ts";

export const REPOSITORY = join(import.meta.dirname, "../..");

/** The base images that the Dockerfiles name. */
export const NODE_BASE = "node:24-bookworm-slim";
export const CUDA_BASE = "nvidia/cuda:12.9.1-cudnn-runtime-ubuntu24.04";

export const CPU_IMAGE = "onnx-serving-test:cpu";
export const GPU_IMAGE = "onnx-serving-test:gpu";

// Docker takes the value of a build argument or variable that is given by name alone from here, so that it stands
// in no command line.
process.env.NPM_CONFIG_REGISTRY ??= execFileSync("npm", ["config", "get", "registry"], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "ignore"],
}).trim();

export const REGISTRY = process.env.NPM_CONFIG_REGISTRY;

/** Builds one of the Dockerfiles, with this machine's npm registry. */
export function build(variant: "cpu" | "gpu", tag: string, args: readonly string[]): Promise<CommandResult> {
  const buildArgs = ["NPM_CONFIG_REGISTRY", ...args].map((arg) => `--build-arg=${arg}`);
  const file = join(REPOSITORY, `Dockerfile.${variant}`);
  return tryDocker(
    "build",
    "--network=host",
    "--force-rm",
    `--file=${file}`,
    `--tag=${tag}`,
    ...buildArgs,
    REPOSITORY,
  );
}
