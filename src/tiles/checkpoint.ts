import { open, readFile, rename } from "node:fs/promises";
import { StartupError } from "../errors.ts";
import type { Range } from "./done-ranges.ts";

/** How many tiles ended how. */
export interface TileCounts {
  readonly predicted: number;
  readonly blank: number;
  readonly failed: number;
}

/** What a run has done so far: from here another process goes on. */
export interface Checkpoint {
  /** Which tiles, and where their results go: another run's checkpoint says something else. */
  readonly run: string;
  /** Positions in the list of tiles. */
  readonly done: readonly Range[];
  readonly counts: TileCounts;
  /** How much of each file is sound, in the order of the outputs; the list of failures is the last one. */
  readonly lengths: readonly number[];
  readonly isFinished: boolean;
}

const VERSION = 1;

/**
 * Returns what a file says of a run; undefined when there is no such file.
 *
 * @throws {StartupError} when it can't be read, or says something else.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new StartupError(`${path} can't be read: ${message}`, { cause: error });
  }
  try {
    const { version, ...checkpoint } = JSON.parse(text) as Checkpoint & { readonly version: number };
    if (version === VERSION && Array.isArray(checkpoint.done)) return checkpoint;
  } catch {
    // Said below.
  }
  throw new StartupError(`${path} is no checkpoint of this version: name another, or remove it`);
}

/** Resolves when the file says it, whatever happens meanwhile: it says the one thing or the other, never a part. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const next = `${path}.next`;
  try {
    const file = await open(next, "w");
    try {
      await file.writeFile(`${JSON.stringify({ version: VERSION, ...checkpoint })}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    throw new StartupError(`${path} can't be written: ${(error as Error).message}`, { cause: error });
  }
}
