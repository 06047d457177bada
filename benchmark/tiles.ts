import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { paintPicture } from "./paint-picture.ts";

/** Height and width of a tile, in pixels: what map servers send. */
export const TILE_EDGE_PIXELS = 256;

const JPEG = { quality: 87, chromaSubsampling: "4:2:0" } as const;

/**
 * Writes `count` different JPEG tiles, painted so that they cost a decoder what aerial pictures cost it. The same
 * tiles for the same seed.
 *
 * @returns the mean size of a tile in bytes
 */
export async function writeTiles(folder: string, count: number, seed = 256): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const size = { height: TILE_EDGE_PIXELS, width: TILE_EDGE_PIXELS } as const;
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const jpeg = await sharp(paintPicture(seed + i, size), { raw: { ...size, channels: 3 } })
      .jpeg(JPEG)
      .toBuffer();
    writeFileSync(join(folder, `${String(i).padStart(3, "0")}.jpg`), jpeg);
    bytes += jpeg.length;
  }
  return bytes / count;
}

/** Returns the tiles of a folder, each alone in its memory. */
export function readTiles(folder: string): Uint8Array<ArrayBuffer>[] {
  const names = readdirSync(folder).sort();
  return names.map((name) => new Uint8Array(readFileSync(join(folder, name))));
}
