import { StartupError } from "../errors.ts";
import { readRegularFile } from "./read-regular-file.ts";

/**
 * Returns the text of a UTF-8 file, without its byte order mark, or undefined when there is none.
 *
 * @param modelDir the folder that links may not lead out of
 * @throws {StartupError} when it can't be read or is no UTF-8; one line that names it.
 */
export function readTextFile(path: string, modelDir: string): string | undefined {
  const bytes = readRegularFile(path, modelDir);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // Else labels of another encoding would come back with their letters replaced, and no one would know.
    throw new StartupError(`${path} is not UTF-8 text: save it as UTF-8`);
  }
}
