import { readFileSync, statSync } from "node:fs";
import { StartupError } from "../errors.ts";

/**
 * Returns the bytes of a file, or undefined when there is none.
 *
 * @throws {StartupError} when it is a directory, a pipe or a device, or may not be read; one line that names it.
 */
export function readRegularFile(path: string): Buffer<ArrayBuffer> | undefined {
  try {
    // Before it is opened: opening a named pipe would wait for a writer.
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (stat.isFile()) return readFileSync(path);
    const what = stat.isDirectory() ? "is a directory" : "is not a regular file";
    throw new StartupError(`${path} ${what}: put the file itself there`);
  } catch (error) {
    if (error instanceof StartupError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new StartupError(`${path} can't be read (${code}): check its owner and permissions`, {
      cause: error,
    });
  }
}
