import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { seededRandom } from "./seeded-random.ts";

/** Height and width of a tile, in pixels: what map servers send. */
export const TILE_EDGE_PIXELS = 256;

const JPEG = { quality: 87, chromaSubsampling: "4:2:0" } as const;

/** Cells along an edge, and how far each octave moves the grey level: about 1/f, as in photographs. */
const OCTAVES = [
  [3, 56],
  [9, 28],
  [27, 14],
  [81, 16],
  [243, 26],
] as const;

/**
 * Writes `count` different JPEG tiles, made of noise of all sizes, colour gradients and straight edges, so
 * that they cost a decoder what aerial pictures cost it. The same tiles for the same seed.
 *
 * @returns the mean size of a tile in bytes
 */
export async function writeTiles(folder: string, count: number, seed = 256): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const raw = { width: TILE_EDGE_PIXELS, height: TILE_EDGE_PIXELS, channels: 3 } as const;
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const jpeg = await sharp(paintTile(seed + i), { raw })
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

/** Shapes: [256, 256, 3]. */
function paintTile(seed: number): Uint8Array {
  const random = seededRandom(seed);
  const layers = OCTAVES.map(([cells, range]) => noise(random, cells, range));
  const tint = noise(random, 2, 60);
  const ground = [90 + 60 * random(), 95 + 60 * random(), 80 + 60 * random()];
  const fields = Array.from({ length: 5 }, () => field(random));
  const pixels = new Uint8Array(TILE_EDGE_PIXELS * TILE_EDGE_PIXELS * 3);
  let at = 0;
  for (let y = 0; y < TILE_EDGE_PIXELS; y++) {
    for (let x = 0; x < TILE_EDGE_PIXELS; x++) {
      let light = 0;
      for (const layer of layers) light += layer(x, y);
      for (const edge of fields) light += edge(x, y);
      const warmth = tint(x, y);
      for (const [channel, base] of ground.entries()) {
        pixels[at++] = Math.max(0, Math.min(255, base + light + (channel - 1) * warmth));
      }
    }
  }
  return pixels;
}

type Brush = (x: number, y: number) => number;

/** Smooth noise in ±range / 2: random levels at the corners of a grid, bilinear between them. */
function noise(random: () => number, cells: number, range: number): Brush {
  const side = cells + 2;
  const corners = Float32Array.from({ length: side * side }, () => (random() - 0.5) * range);
  return (x, y) => {
    const [u, v] = [(x * cells) / TILE_EDGE_PIXELS, (y * cells) / TILE_EDGE_PIXELS];
    const at = Math.floor(v) * side + Math.floor(u);
    const [right, down] = [u % 1, v % 1];
    const upper = (corners[at] ?? 0) * (1 - right) + (corners[at + 1] ?? 0) * right;
    const lower = (corners[at + side] ?? 0) * (1 - right) + (corners[at + side + 1] ?? 0) * right;
    return upper * (1 - down) + lower * down;
  };
}

/** A half-plane that is lighter or darker: a straight edge in any direction. */
function field(random: () => number): Brush {
  const angle = random() * 2 * Math.PI;
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
  const offset = (random() - 0.5) * TILE_EDGE_PIXELS;
  const step = (random() - 0.5) * 70;
  return (x, y) => ((x - TILE_EDGE_PIXELS / 2) * dx + (y - TILE_EDGE_PIXELS / 2) * dy > offset ? step : 0);
}
