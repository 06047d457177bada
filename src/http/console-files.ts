import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** A file of the console, as it is sent. */
export interface ConsoleFile {
  readonly bytes: Buffer;
  /** The same for those who take it. */
  readonly gzipped: Buffer;
  readonly type: string;
  /** Of the bytes, however they are sent. */
  readonly etag: string;
}

const FOLDER = new URL("../console/", import.meta.url);

/** What else lies there is not for browsers. */
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

let files: Promise<ReadonlyMap<string, ConsoleFile>> | undefined;

/** Returns the console's files by their names. They are read when they are first asked for, so that no start waits for them. */
export function consoleFiles(): Promise<ReadonlyMap<string, ConsoleFile>> {
  files ??= readFiles().catch((error: unknown) => {
    files = undefined;
    throw error;
  });
  return files;
}

async function readFiles(): Promise<ReadonlyMap<string, ConsoleFile>> {
  const names = (await readdir(FOLDER)).filter((name) => TYPES[extname(name)] !== undefined);
  const read = names.map(async (name) => {
    const bytes = await readFile(new URL(name, FOLDER));
    const hash = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
    const gzipped = await promisify(gzip)(bytes);
    return [name, { bytes, gzipped, type: TYPES[extname(name)] ?? "", etag: `W/"${hash}"` }] as const;
  });
  return new Map(await Promise.all(read));
}
