import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const FIXTURES = new URL("./fixtures/", import.meta.url);
const NODE_MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** Where a collection of images comes from. */
export interface Collection {
  readonly name: string;
  /** Debian's name of it; without one it is a package of npm's, which is installed or not. */
  readonly package?: string;
}

/** What Pillow makes of a file of a collection: its first frame as RGB, or an error of this class. */
export type Reference = {
  /** The collection's name, then the path in it. */
  readonly file: string;
  /** sha256 of the file. */
  readonly bytes: string;
  readonly format?: string;
} & (
  | { readonly height: number; readonly width: number; readonly RGB: string; readonly refused?: never }
  | { readonly refused: string }
);

export const collections = readFixture<readonly Collection[]>("collections.json");

/** tools/make-collection-references.py wrote them. */
export const references = readFixture<{ readonly files: readonly Reference[] }>("references.json").files;

function readFixture<Content>(name: string): Content {
  return JSON.parse(readFileSync(new URL(name, FIXTURES), "utf8")) as Content;
}

/**
 * Returns the folder of a collection. One of Debian's is downloaded once, into `cache`, and unpacked there, without the
 * rights of root; packages are not installed.
 *
 * @throws {Error} when it can't be had here.
 */
export async function fetchCollection(collection: Collection, cache: string): Promise<string> {
  if (collection.package === undefined) {
    const folder = join(NODE_MODULES, collection.name);
    if (!existsSync(folder)) throw new Error("npm has not installed it");
    return folder;
  }
  const folder = join(cache, collection.name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const download = mkdtempSync(join(cache, "download-"));
  try {
    await run("apt-get", ["download", collection.package], { cwd: download });
    const [archive] = readdirSync(download);
    if (archive === undefined) throw new Error("apt-get download gave nothing");
    await run("dpkg", ["-x", archive, "unpacked"], { cwd: download });
    renameSync(join(download, "unpacked"), folder);
    return folder;
  } catch (error) {
    throw new Error(
      `apt-get download or dpkg -x: ${String((error as Error).message).split("\n")[1] ?? error}`,
    );
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}
