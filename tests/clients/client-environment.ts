import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Where the clients' Python packages are. */
export interface ClientEnvironment {
  readonly python: string;
  /** Requirements that could not be had, each with its reason. */
  readonly missing: readonly string[];
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const FOLDER = here(".venv");
const PYTHON = join(FOLDER, "bin", "python");
const STAMP = join(FOLDER, "installed");

/**
 * Makes the virtual environment of the clients, unless it is there, and keeps it in `.venv` beside this file. A package
 * that can't be had does not keep the others out.
 *
 * @throws {Error} when there is no Python with venv.
 */
export async function clientEnvironment(signal: AbortSignal): Promise<ClientEnvironment> {
  const [whole, alone] = [here("requirements.txt"), here("requirements-no-deps.txt")];
  const wanted = createHash("sha256").update(readFileSync(whole)).update(readFileSync(alone)).digest("hex");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) return { python: PYTHON, missing: [] };
  console.log("installing the clients' Python packages; this takes minutes, once");
  if (!existsSync(PYTHON)) await program("python3", ["-m", "venv", FOLDER], signal);
  const missing: string[] = [];
  await install(["-r", whole], signal).catch(async () => {
    for (const requirement of linesOf(whole)) {
      await install(["--constraint", whole, requirement], signal).catch((error: Error) => {
        missing.push(`${requirement}: ${error.message}`);
      });
    }
  });
  await install(["--no-deps", "-r", alone], signal).catch((error: Error) => {
    missing.push(...linesOf(alone).map((requirement) => `${requirement}: ${error.message}`));
  });
  // What is missing is tried again by the next run.
  if (missing.length === 0) writeFileSync(STAMP, wanted);
  return { python: PYTHON, missing };
}

function linesOf(file: string): string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

async function install(what: readonly string[], signal: AbortSignal): Promise<void> {
  const flags = ["--quiet", "--disable-pip-version-check", "--no-input"];
  await program(PYTHON, ["-m", "pip", "install", ...flags, ...what], signal);
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
