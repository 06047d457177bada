import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { StartupError } from "../errors.ts";

/**
 * Ensures that a file, links resolved, lies in the folder that it belongs to. Links that stay inside, as Kubernetes'
 * `..data`, are fine, and so are a Hugging Face cache's, of the snapshot that the folder is.
 *
 * @throws {StartupError} when it is missing, or lies elsewhere.
 */
export function checkInFolder(folder: string, file: string): void {
  const target = resolve(file);
  if (target === undefined) {
    const isLink = lstatSync(file, { throwIfNoEntry: false }) !== undefined;
    throw new StartupError(
      isLink
        ? `${file} is a link to nothing: copy the file itself there (cp -L)`
        : `${file} does not exist: copy it there`,
    );
  }
  if (!isInside(folder, target) && !isInBlobs(folder, target)) {
    throw new StartupError(
      `${file} is a link to a file outside ${folder}: copy the file itself there (cp -L)`,
    );
  }
}

/** Tells whether `target`, a real path, lies inside `folder`, links resolved. */
export function isInside(folder: string, target: string): boolean {
  return contains(resolve(folder) ?? folder, target);
}

/**
 * Tells whether `target`, a real path, lies where a Hugging Face cache keeps the files of the snapshot `folder`.
 *
 * @see huggingface/huggingface_hub `file_download.py` (`models--<name>/blobs`, `models--<name>/snapshots/<revision>`)
 */
export function isInBlobs(folder: string, target: string): boolean {
  const snapshots = dirname(resolve(folder) ?? folder);
  return basename(snapshots) === "snapshots" && contains(join(dirname(snapshots), "blobs"), target);
}

/** Returns the real path, or undefined when nothing is there. */
export function resolve(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

/** Tells whether `path` lies inside `folder`; compares the paths alone, as written. */
export function contains(folder: string, path: string): boolean {
  const inner = relative(folder, path);
  return inner !== "" && inner !== ".." && !inner.startsWith(`..${sep}`);
}
