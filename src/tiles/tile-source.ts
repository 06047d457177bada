import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { StartupError } from "../errors.ts";
import { type BoundingBox, boxTiles, countBoxTiles } from "./bounding-box.ts";
import { readLines } from "./read-lines.ts";
import { tileName } from "./tile.ts";
import { type ListedTile, readTileList } from "./tile-list.ts";

/** A list of tiles, which can be read again from the start. */
export interface TileSource {
  /** The same for the same tiles in the same order. */
  readonly identity: string;
  /** Undefined where it is not known before the end. */
  readonly total: number | undefined;
  /** @param ending ends the waiting for tiles that have not come yet; those that come late are left out */
  readonly read: (ending: AbortSignal) => AsyncIterable<ListedTile> | Iterable<ListedTile>;
}

/** Returns the tiles of a box, which are made one by one. */
export function boxSource(box: BoundingBox): TileSource {
  const zooms = `${box.firstZoom}-${box.lastZoom}`;
  return {
    identity: `box ${box.bounds.join(",")} ${zooms}`,
    total: countBoxTiles(box),
    read: () => listBox(box),
  };
}

function* listBox(box: BoundingBox): Generator<ListedTile> {
  for (const tile of boxTiles(box)) yield { text: tileName(tile), tile };
}

/** A tile's name, or a row of a list, is far shorter: a longer line shows that it is no list. */
const MAX_LINE_LENGTH = 65_536;

/**
 * Returns the tiles of a file. Reads it once, to count them and to know it again.
 *
 * @throws {StartupError} when it can't be read, or is no list of tiles.
 */
export async function fileSource(path: string): Promise<TileSource> {
  const hash = createHash("sha256");
  let total = 0;
  try {
    const lines = readLines(hashed(createReadStream(path), hash), MAX_LINE_LENGTH);
    for await (const _ of readTileList(lines)) total += 1;
  } catch (error) {
    if (error instanceof StartupError) throw new StartupError(`${path}: ${error.message}`, { cause: error });
    throw new StartupError(`${path} can't be read: ${(error as Error).message}`, { cause: error });
  }
  return {
    identity: `list ${hash.digest("hex")}`,
    total,
    read: () => readTileList(readLines(createReadStream(path), MAX_LINE_LENGTH)),
  };
}

async function* hashed(chunks: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

/** Returns the tiles of a stream such as standard input. Whoever resumes gives the same again. */
export function streamSource(stream: Readable): TileSource {
  return {
    identity: "stream",
    total: undefined,
    read: (ending) => readTileList(readLines(untilEnding(stream, ending), MAX_LINE_LENGTH)),
  };
}

/** Whoever writes a stream may be silent for ever. */
async function* untilEnding(stream: Readable, ending: AbortSignal): AsyncGenerator<Buffer> {
  const leave = () => stream.destroy();
  ending.addEventListener("abort", leave, { once: true });
  try {
    if (!ending.aborted) yield* stream;
  } catch (error) {
    if (!ending.aborted) throw error;
  } finally {
    ending.removeEventListener("abort", leave);
  }
}
