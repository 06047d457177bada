import { readdir, readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { CachedBody } from "./send-cached.ts";

const FOLDER = new URL("../console/", import.meta.url);

/** What else lies there is not for browsers. */
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

let files: Promise<ReadonlyMap<string, CachedBody>> | undefined;

/** Returns the console's files by their names. They are read when they are first asked for, so that no start waits for them. */
export function consoleFiles(): Promise<ReadonlyMap<string, CachedBody>> {
  files ??= readFiles().catch((error: unknown) => {
    files = undefined;
    throw error;
  });
  return files;
}

async function readFiles(): Promise<ReadonlyMap<string, CachedBody>> {
  const read = (await readdir(FOLDER)).flatMap((name) => {
    const contentType = TYPES[extname(name)];
    if (contentType === undefined) return [];
    return [readFile(new URL(name, FOLDER)).then((bytes) => [name, { contentType, bytes }] as const)];
  });
  return new Map(await Promise.all(read));
}
