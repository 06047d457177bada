import type { Tile } from "./tile.ts";

/** West, south, east, north; in degrees or in metres. */
export type Bounds = readonly [west: number, south: number, east: number, north: number];

/** The radius of the sphere that web maps are drawn on. Units: metres. */
const EARTH_RADIUS = 6378137;
/** Where the square of the web map ends. Units: degrees. */
export const MAX_LATITUDE = 85.051129;

/**
 * Returns where a tile lies. Units: degrees of longitude and latitude.
 *
 * @see mercantile's `bounds`
 */
export function tileBounds({ x, y, z }: Tile): Bounds {
  const tiles = 2 ** z;
  const longitude = (column: number) => (column / tiles) * 360 - 180;
  const latitude = (row: number) => degrees(Math.atan(Math.sinh(Math.PI * (1 - (2 * row) / tiles))));
  return [longitude(x), latitude(y + 1), longitude(x + 1), latitude(y)];
}

/**
 * Returns where a tile lies. Units: metres of EPSG:3857.
 *
 * @see mercantile's `xy_bounds`
 */
export function tileBoundsInMetres({ x, y, z }: Tile): Bounds {
  const circumference = 2 * Math.PI * EARTH_RADIUS;
  const tiles = 2 ** z;
  // In this order the middle of the map is 0, and not a billionth of a metre, which is written with an exponent.
  const metres = (number: number) => circumference * (number / tiles - 0.5);
  return [metres(x), -metres(y + 1), metres(x + 1), -metres(y)];
}

/**
 * Returns the column and the row, not rounded, of a place at zoom 0: both from 0 to 1 on the map.
 *
 * Units: degrees.
 */
export function toFractions(longitude: number, latitude: number): { readonly x: number; readonly y: number } {
  const sine = Math.sin((latitude * Math.PI) / 180);
  return {
    x: longitude / 360 + 0.5,
    y: 0.5 - (0.25 * Math.log((1 + sine) / (1 - sine))) / Math.PI,
  };
}

/**
 * Returns the quadkey of a tile: one digit for each zoom, as Bing Maps names tiles; empty at zoom 0.
 *
 * @see https://learn.microsoft.com/bingmaps/articles/bing-maps-tile-system
 */
export function quadkey({ x, y, z }: Tile): string {
  let key = "";
  for (let bit = z - 1; bit >= 0; bit--) key += digitAt(x, bit) + 2 * digitAt(y, bit);
  return key;
}

function digitAt(number: number, bit: number): number {
  return Math.floor(number / 2 ** bit) % 2;
}

function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}
