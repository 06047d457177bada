import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Virtual environments: MLServer and BentoML want different versions of what both use, and tests/openapi has its own. */
export type EnvironmentName = "general" | "v2" | "openapi";

const CACHE = fileURLToPath(new URL("../.cache/peers/", import.meta.url));

export interface InstallOptions {
  readonly environment: EnvironmentName;
  /** A requirements.txt. */
  readonly requirements: string;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

/**
 * Installs what a requirements file names, unless that has been done, and returns the folder of the
 * environment's programs. What is installed stays in benchmark/.cache for the next run.
 *
 * @throws {Error} with pip's own reason when it can't be had.
 */
export async function installRequirements(options: InstallOptions): Promise<string> {
  const { environment, requirements, signal, onProgress } = options;
  const folder = join(CACHE, environment);
  const programs = join(folder, "bin");
  const text = readFileSync(requirements, "utf8");
  const stamp = join(folder, "installed", createHash("sha256").update(text).digest("hex"));
  if (existsSync(stamp)) return programs;
  onProgress(`installing ${text.trim().split("\n").join(", ")}`);
  if (!existsSync(programs)) await program("python3", ["-m", "venv", folder], signal);
  const flags = ["--quiet", "--disable-pip-version-check", "--no-input"];
  await program(join(programs, "python"), ["-m", "pip", "install", ...flags, "-r", requirements], signal);
  mkdirSync(join(folder, "installed"), { recursive: true });
  writeFileSync(stamp, text);
  return programs;
}

/** @throws {Error} with the last line that the program wrote of an error. */
async function program(file: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  try {
    await promisify(execFile)(file, args, { signal, killSignal: "SIGKILL", maxBuffer: 2 ** 26 });
  } catch (error) {
    signal.throwIfAborted();
    const { stderr = "", message } = error as { stderr?: string; message: string };
    const lines = stderr.split("\n").filter((line) => line.startsWith("ERROR"));
    throw new Error(lines.at(-1) ?? message);
  }
}
