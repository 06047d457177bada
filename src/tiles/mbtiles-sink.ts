import { createReadStream, rmSync } from "node:fs";
import { rename } from "node:fs/promises";
import type { Database } from "node-sqlite3-wasm";
import { identifyImage } from "../image/identify.ts";
import { LineSink, NDJSON } from "./line-sink.ts";
import { type Bounds, tileBounds } from "./mercator.ts";
import { openSqlite } from "./open-sqlite.ts";
import { readLines } from "./read-lines.ts";
import { parseTile } from "./tile.ts";
import type { TileFailure } from "./tile-failure.ts";
import type { Refusals, TileResult, TileSink } from "./tile-sink.ts";

/**
 * An MBTiles file of masks, which are PNGs. SQLite in WebAssembly locks with folders that a killed process leaves behind,
 * and takes such a lock for a living process when it should roll a half transaction back. So results gather in a
 * file of lines beside it, and the database is made of them in one go when the run has finished.
 *
 * @see https://github.com/mapbox/mbtiles-spec/blob/master/1.3/spec.md
 */
export class MbtilesSink implements TileSink {
  readonly #path: string;
  readonly #lines: LineSink;
  #isFinished = false;

  private constructor(path: string, lines: LineSink) {
    this.#path = path;
    this.#lines = lines;
  }

  /** As {@link LineSink.open}; `keepBytes` are of the lines. */
  static async open(path: string, keepBytes: number): Promise<MbtilesSink> {
    return new MbtilesSink(path, await LineSink.open(linesPath(path), NDJSON, keepBytes));
  }

  async write(results: readonly TileResult[]): Promise<Refusals> {
    const refusals = new Map<number, TileFailure>();
    const masks = results.filter(({ prediction }, i) => {
      if (readMask(prediction) !== undefined) return true;
      refusals.set(i, { code: "NOT_STORED", message: "MBTiles hold masks: ask for --signature mask_png" });
      return false;
    });
    await this.#lines.write(masks);
    return refusals;
  }

  sync(): Promise<number> {
    return this.#lines.sync();
  }

  async finish(): Promise<void> {
    await this.#lines.sync();
    const building = `${this.#path}.building`;
    removeDatabase(building);
    const database = await openSqlite(building);
    try {
      await fill(database, linesPath(this.#path));
    } finally {
      database.close();
    }
    await rename(building, this.#path);
    this.#isFinished = true;
  }

  async close(): Promise<void> {
    await this.#lines.close();
    if (this.#isFinished) rmSync(linesPath(this.#path), { force: true });
  }
}

/** Returns where the masks of an MBTiles file gather. */
export function linesPath(path: string): string {
  return `${path}.lines`;
}

/** What a process that ended while it wrote one may have left. */
function removeDatabase(path: string): void {
  for (const suffix of ["", "-journal", ".lock"])
    rmSync(`${path}${suffix}`, { recursive: true, force: true });
}

/** Returns the PNG that a prediction of `mask_png` is; undefined when it is another. */
function readMask(prediction: string): Buffer | undefined {
  const { b64 } = (JSON.parse(prediction) ?? {}) as { readonly b64?: unknown };
  if (typeof b64 !== "string") return undefined;
  const bytes = Buffer.from(b64, "base64");
  const found = identifyImage(bytes);
  return found.kind === "image" && found.format === "png" ? bytes : undefined;
}

const SCHEMA = `
  CREATE TABLE metadata (name text, value text);
  CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob);
  CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row);
`;

async function fill(database: Database, lines: string): Promise<void> {
  // It is thrown away when it isn't finished: no journal is needed.
  database.exec(`PRAGMA journal_mode = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN; ${SCHEMA}`);
  const insert = database.prepare("INSERT OR REPLACE INTO tiles VALUES (?, ?, ?, ?)");
  const extent = new Extent();
  try {
    for await (const line of readLines(createReadStream(lines))) {
      const { tile: name, output } = JSON.parse(line) as { tile: string; output: { b64: string } };
      const tile = parseTile(name);
      const { x, y, z } = tile;
      insert.run([z, x, 2 ** z - 1 - y, Buffer.from(output.b64, "base64")]);
      extent.add(z, tileBounds(tile));
    }
  } finally {
    insert.finalize();
  }
  for (const [name, value] of Object.entries({ ...METADATA, ...extent.metadata() })) {
    database.run("INSERT INTO metadata VALUES (?, ?)", [name, value]);
  }
  database.exec("COMMIT");
}

const METADATA = {
  name: "masks",
  format: "png",
  type: "overlay",
  version: "1",
  description: "Masks predicted by onnx-serving: the levels of the palette are classes",
};

/** Which part of the map, and which zooms, tiles take. */
class Extent {
  #bounds: Bounds = [180, 90, -180, -90];
  #zooms: readonly [number, number] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

  add(zoom: number, [west, south, east, north]: Bounds): void {
    const [w, s, e, n] = this.#bounds;
    this.#bounds = [Math.min(w, west), Math.min(s, south), Math.max(e, east), Math.max(n, north)];
    const [first, last] = this.#zooms;
    this.#zooms = [Math.min(first, zoom), Math.max(last, zoom)];
  }

  /** Nothing where there is no tile. */
  metadata(): Readonly<Record<string, string>> {
    const [first, last] = this.#zooms;
    if (first > last) return {};
    return { bounds: this.#bounds.join(","), minzoom: String(first), maxzoom: String(last) };
  }
}
