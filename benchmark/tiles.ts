import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paintJpegs } from "../src/bench/paint-jpegs.ts";

/**
 * Writes `count` different JPEG tiles, painted so that they cost a decoder what aerial pictures cost it. The same
 * tiles for the same seed.
 *
 * @returns the mean size of a tile in bytes
 */
export async function writeTiles(folder: string, count: number, seed?: number): Promise<number> {
  mkdirSync(folder, { recursive: true });
  let total = 0;
  for (const { name, bytes } of await paintJpegs(count, seed)) {
    writeFileSync(join(folder, name), bytes);
    total += bytes.length;
  }
  return total / count;
}

/** Returns the tiles of a folder, each alone in its memory. */
export function readTiles(folder: string): Uint8Array<ArrayBuffer>[] {
  const names = readdirSync(folder).sort();
  return names.map((name) => new Uint8Array(readFileSync(join(folder, name))));
}
