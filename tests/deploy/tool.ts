import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** Returns the first of these programs that is on the PATH. */
export function findTool(...names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names.find((name) => folders.some((folder) => isExecutable(join(folder, name))));
}

/**
 * Runs a program and returns what it wrote to standard output.
 *
 * @throws {Error} with all that it wrote, when it fails.
 */
export async function runTool(tool: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(tool, [...args], { cwd, maxBuffer: 2 ** 26 });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${`${stdout}${stderr}`.trim() || message}`);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
