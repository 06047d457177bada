import type { Statement } from "node-sqlite3-wasm";
import { StartupError } from "../errors.ts";
import { expectImage, type Imagery } from "./imagery.ts";
import { openSqliteToRead, type ReadDatabase } from "./open-sqlite.ts";
import type { Tile } from "./tile.ts";
import { ImageryError } from "./tile-failure.ts";

/** The images of an MBTiles file, whose rows are counted from the south. */
export class MbtilesImagery implements Imagery {
  readonly #file: ReadDatabase;
  readonly #select: Statement;

  private constructor(file: ReadDatabase, select: Statement) {
    this.#file = file;
    this.#select = select;
  }

  /** @throws {StartupError} when the file can't be read, or holds no images. */
  static async open(path: string): Promise<MbtilesImagery> {
    const file = await openSqliteToRead(path);
    const { database } = file;
    try {
      const format = database.get("SELECT value FROM metadata WHERE name = 'format'")?.value;
      if (format === "pbf") throw new StartupError(`${path} holds vector tiles, not images`);
      const select = database.prepare(
        "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?",
      );
      return new MbtilesImagery(file, select);
    } catch (error) {
      file.close();
      if (error instanceof StartupError) throw error;
      throw new StartupError(`${path} can't be read as MBTiles: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  async read({ x, y, z }: Tile): Promise<Uint8Array> {
    const row = this.#select.get([z, x, 2 ** z - 1 - y]) as { readonly tile_data?: unknown } | null;
    if (!(row?.tile_data instanceof Uint8Array))
      throw new ImageryError("MISSING", "the file has no such tile");
    return expectImage(row.tile_data);
  }

  close(): void {
    this.#select.finalize();
    this.#file.close();
  }
}
