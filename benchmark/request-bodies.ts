import { readTiles } from "./tiles.ts";

/**
 * Returns request bodies of `/analyze:predict` that together hold every tile equally often.
 *
 * Order: body i starts where body i - 1 ended, over and over the tiles.
 */
export function requestBodies(tilesFolder: string, tilesPerRequest: number): Buffer[] {
  const tiles = readTiles(tilesFolder).map((tile) => Buffer.from(tile.buffer).toString("base64"));
  return Array.from({ length: tiles.length }, (_, body) => {
    const instances = Array.from({ length: tilesPerRequest }, (__, i) => {
      const b64 = tiles[(body * tilesPerRequest + i) % tiles.length];
      return { image_bytes: { b64 } };
    });
    return Buffer.from(JSON.stringify({ instances }));
  });
}
