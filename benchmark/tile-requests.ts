import { readTiles } from "./tiles.ts";
import { WIRES, type WireName, type WireRequest } from "./wires.ts";

/**
 * Returns requests that together hold every tile equally often.
 *
 * Order: request i starts where request i - 1 ended, over and over the tiles.
 */
export function tileRequests(tilesFolder: string, tilesPerRequest: number, wire: WireName): WireRequest[] {
  const tiles = readTiles(tilesFolder).map((tile) => Buffer.from(tile.buffer));
  return tiles.map((_, request) => {
    const held = Array.from({ length: tilesPerRequest }, (__, i) => {
      return tiles[(request * tilesPerRequest + i) % tiles.length] as Buffer;
    });
    return WIRES[wire].request(held);
  });
}
