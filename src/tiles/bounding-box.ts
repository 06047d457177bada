import { UsageError } from "../errors.ts";
import { type Bounds, MAX_LATITUDE, toFractions } from "./mercator.ts";
import { MAX_ZOOM, type Tile } from "./tile.ts";

/** The tiles that a rectangle touches, at each zoom from the first to the last. */
export interface BoundingBox {
  /** Units: degrees. West may be above east: the box then passes the 180th meridian. */
  readonly bounds: Bounds;
  readonly firstZoom: number;
  readonly lastZoom: number;
}

/**
 * Returns the box that `w,s,e,n` and `z` or `z-z2` say.
 *
 * @throws {UsageError} when they say none.
 */
export function parseBoundingBox(bounds: string, zooms: string): BoundingBox {
  const numbers = bounds.split(",").map((text) => (text.trim() === "" ? Number.NaN : Number(text)));
  const [west, south, east, north] = numbers as [number, number, number, number];
  const isOnGlobe = numbers.every((number, i) => Math.abs(number) <= (i % 2 === 0 ? 180 : 90));
  if (numbers.length !== 4 || !isOnGlobe || south > north) {
    throw new UsageError(`--bbox must be west,south,east,north in degrees, got "${bounds}"`);
  }
  const match = /^(\d{1,2})(?:-(\d{1,2}))?$/.exec(zooms);
  const firstZoom = Number(match?.[1]);
  const lastZoom = Number(match?.[2] ?? match?.[1]);
  if (!(firstZoom <= lastZoom && lastZoom <= MAX_ZOOM)) {
    throw new UsageError(`--zoom must be a zoom from 0 to ${MAX_ZOOM}, or two such as 12-14, got "${zooms}"`);
  }
  return { bounds: [west, south, east, north], firstZoom, lastZoom };
}

/**
 * Yields the tiles of a box one by one, whatever their number. Order: by zoom, then from the west, then from the north.
 *
 * @see mercantile's `tiles`, whose tiles these are, each of them once
 */
export function* boxTiles(box: BoundingBox): Generator<Tile> {
  for (const { z, columns, rows } of grids(box)) {
    for (let x = columns[0]; x <= columns[1]; x++) {
      for (let y = rows[0]; y <= rows[1]; y++) yield { x, y, z };
    }
  }
}

/** Returns how many tiles {@link boxTiles} yields. */
export function countBoxTiles(box: BoundingBox): number {
  return grids(box).reduce((sum, { columns, rows }) => sum + length(columns) * length(rows), 0);
}

/** First and last, both included. */
type Range = readonly [first: number, last: number];

interface Grid {
  readonly z: number;
  readonly columns: Range;
  readonly rows: Range;
}

/** So much less than a tile of any zoom that an edge on a tile's border touches one tile only. Units: degrees. */
const EDGE = 1e-11;

function grids({ bounds, firstZoom, lastZoom }: BoundingBox): readonly Grid[] {
  const [west, south, east, north] = bounds;
  const zooms = Array.from({ length: lastZoom - firstZoom + 1 }, (_, i) => firstZoom + i);
  if (west <= east) return zooms.map((z) => gridOf(bounds, z));
  return zooms.flatMap((z) => {
    const left = gridOf([-180, south, east, north], z);
    const right = gridOf([west, south, 180, north], z);
    // Both ends of a box around the globe may touch the same column.
    if (right.columns[0] > left.columns[1]) return [left, right];
    return [{ ...left, columns: [left.columns[0], right.columns[1]] as const }];
  });
}

function gridOf([west, south, east, north]: Bounds, z: number): Grid {
  const clamp = (latitude: number) => Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, latitude));
  const first = toFractions(west, clamp(north));
  const last = toFractions(east - EDGE, clamp(south) + EDGE);
  return { z, columns: [index(first.x, z), index(last.x, z)], rows: [index(first.y, z), index(last.y, z)] };
}

/** What rounding put past a tile's border by less than this belongs to the next one. */
const ROUNDING = 1e-14;

function index(fraction: number, z: number): number {
  const tiles = 2 ** z;
  if (fraction <= 0) return 0;
  if (fraction >= 1) return tiles - 1;
  return Math.floor((fraction + ROUNDING) * tiles);
}

function length([first, last]: Range): number {
  return Math.max(0, last - first + 1);
}
