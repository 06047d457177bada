import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Entry, openPromise } from "yauzl";
import { excerpt, StartupError } from "../errors.ts";

/** More than any model has. */
const MAX_FILES = 10_000;

const [FILE_TYPE_BITS, REGULAR] = [0o170000, 0o100000];

/**
 * Unpacks a zip file into a new folder within the system's temporary one, which goes when the process ends.
 *
 * @returns the folder
 * @throws {StartupError} when it is no zip file, is damaged or encrypted, holds anything but files and folders inside
 * itself, or more than `maxBytes`.
 */
export async function unpackArchive(path: string, maxBytes: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "onnx-serving-"));
  removeAtExit(folder);
  let [files, bytes] = [0, 0];
  try {
    // It refuses names that lead out of the folder, and more bytes of a file than it declares.
    const archive = await openPromise(path, { strictFileNames: true, validateEntrySizes: true });
    for await (const entry of archive.eachEntry()) {
      files += 1;
      bytes += entry.uncompressedSize;
      if (files > MAX_FILES) throw new StartupError(`${path} holds more than ${MAX_FILES} files`);
      if (bytes > maxBytes) {
        throw new StartupError(`${path} unpacks to more than MAX_ARCHIVE_BYTES (${maxBytes}): raise it`);
      }
      if (entry.fileName.endsWith("/")) continue;
      requireFile(path, entry);
      const target = join(folder, entry.fileName);
      mkdirSync(dirname(target), { recursive: true });
      const content = await archive.openReadStreamPromise(entry);
      // A second file of the same name would take the place of the first.
      await pipeline(content, createWriteStream(target, { flags: "wx" }));
    }
    return folder;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    if (error instanceof StartupError) throw error;
    throw new StartupError(`${path} can't be unpacked: ${excerpt((error as Error).message)}`, {
      cause: error,
    });
  }
}

/** Systems without links write no type. */
function requireFile(path: string, { fileName, externalFileAttributes, versionMadeBy }: Entry): void {
  const isUnix = versionMadeBy >>> 8 === 3;
  const type = isUnix ? (externalFileAttributes >>> 16) & FILE_TYPE_BITS : 0;
  if (type === 0 || type === REGULAR) return;
  throw new StartupError(`${path}: ${excerpt(fileName)} is no regular file: put the file itself there`);
}

const folders = new Set<string>();

function removeAtExit(folder: string): void {
  if (folders.size === 0) {
    process.once("exit", () => {
      for (const one of folders) rmSync(one, { recursive: true, force: true });
    });
  }
  folders.add(folder);
}
