import { lstatSync, readFileSync, statSync } from "node:fs";
import { StartupError } from "../errors.ts";
import { checkInFolder } from "./check-in-folder.ts";

/**
 * Returns the bytes of a file, or undefined when there is none.
 *
 * @param modelDir the folder that links may not lead out of
 * @throws {StartupError} when it is a directory, a pipe, a device or a link to elsewhere, or may not be read; one line
 * that names it.
 */
export function readRegularFile(path: string, modelDir: string): Buffer<ArrayBuffer> | undefined {
  try {
    // A link to nothing is not taken for no file.
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    checkInFolder(modelDir, path);
    // Before it is opened: opening a named pipe would wait for a writer.
    const stat = statSync(path);
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
