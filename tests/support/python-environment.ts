import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** Packages of Python that tests use. */
export interface PythonPackages {
  /** Of the virtual environment. */
  readonly folder: string;
  /** File of requirements, installed with what they need. */
  readonly whole: string;
  /** The same, installed without. @default none */
  readonly alone?: string;
}

export interface PythonEnvironment {
  readonly python: string;
  /** Requirements that could not be had, each with its reason. */
  readonly missing: readonly string[];
}

/**
 * Makes a virtual environment, unless it is there. A package that can't be had does not keep the others out.
 *
 * @throws {Error} when there is no Python with venv.
 */
export async function pythonEnvironment(
  { folder, whole, alone }: PythonPackages,
  signal: AbortSignal,
): Promise<PythonEnvironment> {
  const python = join(folder, "bin", "python");
  const stamp = join(folder, "installed");
  const hash = createHash("sha256").update(readFileSync(whole));
  if (alone !== undefined) hash.update(readFileSync(alone));
  const wanted = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return { python, missing: [] };
  console.log(`installing Python packages into ${folder}; this takes minutes, once`);
  if (!existsSync(python)) await program("python3", ["-m", "venv", folder], signal);
  const missing: string[] = [];
  await install(python, ["-r", whole], signal).catch(async () => {
    for (const requirement of linesOf(whole)) {
      await install(python, ["--constraint", whole, requirement], signal).catch((error: Error) => {
        missing.push(`${requirement}: ${error.message}`);
      });
    }
  });
  if (alone !== undefined) {
    await install(python, ["--no-deps", "-r", alone], signal).catch((error: Error) => {
      missing.push(...linesOf(alone).map((requirement) => `${requirement}: ${error.message}`));
    });
  }
  // What is missing is tried again by the next run.
  if (missing.length === 0) writeFileSync(stamp, wanted);
  return { python, missing };
}

function linesOf(file: string): string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

async function install(python: string, what: readonly string[], signal: AbortSignal): Promise<void> {
  const flags = ["--quiet", "--disable-pip-version-check", "--no-input"];
  await program(python, ["-m", "pip", "install", ...flags, ...what], signal);
}

/** @throws {Error} with the last line that the program wrote of an error. */
async function program(file: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  try {
    await promisify(execFile)(file, args, { signal, killSignal: "SIGKILL", maxBuffer: 2 ** 26 });
  } catch (error) {
    signal.throwIfAborted();
    const { stderr = "", message } = error as { stderr?: string; message: string };
    throw new Error(stderr.split("\n").findLast((line) => line.startsWith("ERROR")) ?? message);
  }
}
