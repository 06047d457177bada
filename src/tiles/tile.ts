import { excerpt, ServingError } from "../errors.ts";

/** A square of the web map: column `x` from the west, row `y` from the north, at zoom `z`. */
export interface Tile {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** The largest zoom whose columns and rows have names in use. */
export const MAX_ZOOM = 30;

/** Returns the name of a tile as chip-n-scale's scripts read it: `x-y-z`. */
export function tileName({ x, y, z }: Tile): string {
  return `${x}-${y}-${z}`;
}

/**
 * Returns the tile that a text names: `x-y-z`, `[x, y, z]` as mercantile prints it, or the object with `x`, `y` and `z`
 * that chip-n-scale's messages are.
 *
 * @throws {ServingError} INVALID_ARGUMENT when it names none, or one that its zoom does not have.
 */
export function parseTile(text: string): Tile {
  const numbers = readNumbers(text.trim());
  if (numbers === undefined) {
    throw new ServingError("INVALID_ARGUMENT", `expected a tile such as 163-395-10, got "${excerpt(text)}"`);
  }
  return checkTile(numbers);
}

/** @throws {ServingError} INVALID_ARGUMENT when the zoom has no such column or row. */
function checkTile({ x, y, z }: Tile): Tile {
  const isWhole = [x, y, z].every((number) => Number.isSafeInteger(number) && number >= 0);
  if (isWhole && z <= MAX_ZOOM && x < 2 ** z && y < 2 ** z) return { x, y, z };
  const bounds = `0 <= z <= ${MAX_ZOOM} and 0 <= x, y < 2^z`;
  throw new ServingError("INVALID_ARGUMENT", `expected ${bounds}, got x ${x}, y ${y}, z ${z}`);
}

const NAME = /^(\d{1,10})-(\d{1,10})-(\d{1,2})$/;

function readNumbers(text: string): Tile | undefined {
  const name = NAME.exec(text);
  if (name !== null) return { x: Number(name[1]), y: Number(name[2]), z: Number(name[3]) };
  if (!/^[[{]/.test(text)) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const [x, y, z] = Array.isArray(json) ? json : Object.values(pick(json as Record<string, unknown>));
  if (typeof x !== "number" || typeof y !== "number" || typeof z !== "number") return undefined;
  return { x, y, z };
}

function pick({ x, y, z }: Record<string, unknown>): Record<string, unknown> {
  return { x, y, z };
}
