import { excerpt, UsageError } from "../errors.ts";
import { quadkey, tileBoundsInMetres } from "./mercator.ts";
import type { Tile } from "./tile.ts";

/** Returns the address of a tile. */
export type TileAddress = (tile: Tile) => string;

/** What may stand in braces, and what becomes of it. */
const PLACES: Readonly<Record<string, (tile: Tile, subdomains: readonly string[]) => string>> = {
  x: ({ x }) => String(x),
  y: ({ y }) => String(y),
  z: ({ z }) => String(z),
  "-y": ({ y, z }) => String(2 ** z - 1 - y),
  q: quadkey,
  // The same server for the same tile: caches work as they do for maps in browsers.
  s: ({ x, y }, subdomains) => subdomains[(x + y) % subdomains.length] as string,
  "bbox-epsg-3857": (tile) => tileBoundsInMetres(tile).join(","),
};

/**
 * Returns how addresses are made of a template, such as `https://{s}.example.com/{z}/{x}/{y}.png`: `{x}`, `{y}` from the
 * north, `{-y}` from the south (TMS), `{z}`, `{q}` (quadkey), `{s}` (one of `subdomains`), `{bbox-epsg-3857}` (for WMS).
 *
 * @throws {UsageError} when it is no such template.
 */
export function parseTemplate(template: string, subdomains: readonly string[]): TileAddress {
  const names = [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = ""]) => name);
  const unknown = names.find((name) => !Object.hasOwn(PLACES, name));
  if (unknown !== undefined) {
    const known = Object.keys(PLACES).map((name) => `{${name}}`);
    throw new UsageError(`--imagery: unknown {${excerpt(unknown)}}; known are ${known.join(", ")}`);
  }
  const has = (...wanted: readonly string[]) => wanted.every((name) => names.includes(name));
  if (!has("q") && !has("bbox-epsg-3857") && !has("x", "y", "z") && !has("x", "-y", "z")) {
    throw new UsageError(
      "--imagery: the address must tell tiles apart: by {x}, {y} and {z}, {q} or {bbox-epsg-3857}",
    );
  }
  if (has("s") && subdomains.length === 0) throw new UsageError("--imagery has {s}: say --subdomains a,b,c");
  const address: TileAddress = (tile) =>
    template.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => PLACES[name]?.(tile, subdomains) ?? "");
  const example = address({ x: 0, y: 0, z: 0 });
  if (!/^https?:/i.test(example) || !URL.canParse(example)) {
    throw new UsageError("--imagery must be an http or https address, or a file whose name ends in .mbtiles");
  }
  return address;
}
