import { mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Database } from "node-sqlite3-wasm";
import { StartupError } from "../errors.ts";

/**
 * Opens an SQLite file, which is made if it is not there. The package, a megabyte of WebAssembly, is loaded with the first.
 *
 * @throws {StartupError} when it can't be opened.
 */
export async function openSqlite(path: string): Promise<Database> {
  const { default: sqlite } = await import("node-sqlite3-wasm");
  try {
    return new sqlite.Database(path);
  } catch (error) {
    throw new StartupError(`${path} can't be written: ${(error as Error).message}`, { cause: error });
  }
}

/** An SQLite file that nobody writes. */
export interface ReadDatabase {
  readonly database: Database;
  close(): void;
}

/**
 * Opens an SQLite file to read it only. The package locks, also to read, by making a folder beside the file: that would let
 * one process in at a time, none where folders can't be made, and none after one that was killed. So it gets a link to
 * the file in a folder of its own.
 *
 * @throws {StartupError} when it can't be opened, or somebody has not finished writing it.
 */
export async function openSqliteToRead(path: string): Promise<ReadDatabase> {
  const { default: sqlite } = await import("node-sqlite3-wasm");
  const unfinished = ["-journal", "-wal"].find((suffix) => hasBytes(`${path}${suffix}`));
  if (!hasBytes(path)) throw new StartupError(`${path} is not there, or empty`);
  if (unfinished !== undefined) {
    throw new StartupError(`${path} is being written, or was not finished: ${path}${unfinished} is there`);
  }
  const folder = mkdtempSync(join(tmpdir(), "onnx-serving-sqlite-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const link = join(folder, "link");
    symlinkSync(resolve(path), link);
    const database = new sqlite.Database(link, { readOnly: true });
    const close = () => {
      database.close();
      remove();
    };
    return { database, close };
  } catch (error) {
    remove();
    throw new StartupError(`${path} can't be read: ${(error as Error).message}`, { cause: error });
  }
}

function hasBytes(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}
