import { readdir, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { createInterface } from "node:readline";
import { glob, isDynamicPattern } from "tinyglobby";
import { UsageError } from "../errors.ts";

/** What a folder's images end with. */
const IMAGE_NAME = /\.(jpe?g|png|webp|gif|tiff?|bmp)$/i;

export interface WalkOptions {
  readonly stdin: NodeJS.ReadableStream;
  /** Ends the reading of standard input, as if that had ended. */
  readonly signal: AbortSignal;
}

/**
 * Yields the names of images: files as they are named, folders with all below them, what patterns match, and for `-` the
 * lines of standard input. What is hidden in a folder is left out. The names of one folder, or of one pattern, are in memory at once.
 *
 * Order: that of the inputs; within each, of the names.
 *
 * @throws {UsageError} when a folder or a pattern has no image.
 */
export async function* walkInputs(
  inputs: readonly string[],
  { stdin, signal }: WalkOptions,
): AsyncGenerator<string, void> {
  for (const input of inputs) {
    if (input === "-") {
      yield* readNames({ stdin, signal });
      continue;
    }
    const found = await stat(input).catch(() => undefined);
    const isPattern = found === undefined && isDynamicPattern(input);
    if (!isPattern && !found?.isDirectory()) {
      // Whether it can be read is said in its place among the results.
      yield input;
      continue;
    }
    let count = 0;
    for await (const name of isPattern ? matches(input) : walkFolder(input)) {
      count += 1;
      yield name;
    }
    if (count === 0)
      throw new UsageError(`${input}: there is no image${isPattern ? " of such a name" : " in it"}`);
  }
}

async function* readNames({ stdin, signal }: WalkOptions): AsyncGenerator<string, void> {
  const lines = createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY, signal });
  for await (const line of lines) {
    if (line !== "") yield line;
  }
}

async function* matches(pattern: string): AsyncGenerator<string, void> {
  const options = {
    absolute: isAbsolute(pattern),
    expandDirectories: false,
    followSymbolicLinks: false,
  };
  yield* (await glob(pattern, options)).sort();
}

/** Links to folders are not followed: they may lead back. */
async function* walkFolder(folder: string): AsyncGenerator<string, void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const visible = entries.filter(({ name }) => !name.startsWith("."));
  for (const entry of visible.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walkFolder(path);
    else if (IMAGE_NAME.test(entry.name)) yield path;
  }
}
