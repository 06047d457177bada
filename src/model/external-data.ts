import { closeSync, openSync, readSync, statSync } from "node:fs";
import { dirname, posix, win32 } from "node:path";
import { excerpt, StartupError } from "../errors.ts";
import { contains, isInBlobs, isInside, resolve } from "./check-in-folder.ts";
import { describeForeignFile } from "./file-kind.ts";

interface ExternalDataOptions {
  readonly modelDir: string;
  readonly modelFile: string;
  /** As written in the model: relative to the model file's folder, and hostile until checked. */
  readonly locations: readonly string[];
}

/**
 * Ensures that every file of external weights is a regular file in the folder of the model file, where
 * the runtime looks for it, links resolved, or, where MODEL_DIR is a snapshot of a Hugging Face cache, among its blobs.
 *
 * @throws {StartupError} when a location is absolute, is no path, leads elsewhere, or has no file that
 * could hold weights.
 * @see microsoft/onnxruntime `core/framework/tensorprotoutils.cc` ValidateExternalDataPath
 */
export function checkExternalData({ modelDir, modelFile, locations }: ExternalDataOptions): void {
  const folder = dirname(modelFile);
  for (const location of locations) {
    const problem = findProblem({ modelDir, folder }, location);
    if (problem === undefined) continue;
    throw new StartupError(`${modelFile} keeps weights in ${JSON.stringify(excerpt(location))}, ${problem}`);
  }
}

const OUTSIDE = "outside the model's folder: export the model again, into one folder";

interface WeightPlaces {
  readonly modelDir: string;
  /** Of the model file. */
  readonly folder: string;
}

function findProblem({ modelDir, folder }: WeightPlaces, location: string): string | undefined {
  if (!isPath(location)) return "which is not a path: export the model again";
  if (posix.isAbsolute(location) || win32.isAbsolute(location)) {
    return "an absolute path: export the model again, into one folder";
  }
  // Not path.join: it takes "link/.." for nothing, where the runtime follows the link first.
  const path = `${folder}/${location}`;
  const target = resolve(path);
  if (target === undefined) {
    return contains(folder, path)
      ? "a file that does not exist: copy it beside the model, or export with all weights in one file"
      : OUTSIDE;
  }
  if (!isInside(folder, target) && !isInBlobs(modelDir, target)) return OUTSIDE;
  if (!statSync(target).isFile()) return "which is not a file: export the model again";
  return describeForeignWeights(target);
}

/** "_ORT_MEM_ADDR_" marks an address in memory to the runtime; it has no business in a file. */
function isPath(location: string): boolean {
  return location !== "" && !/\p{Cc}/u.test(location) && !location.includes("_ORT_MEM_ADDR_");
}

/** Weights may begin with any bytes: only what no weights begin with by chance is told apart. */
function describeForeignWeights(path: string): string | undefined {
  try {
    const head = readHead(path);
    const isForeign = head.length === 0 || /^(version https:|<!doctype|<html)/i.test(head.toString("latin1"));
    return isForeign ? `which is ${describeForeignFile(head)}` : undefined;
  } catch {
    return "a file that cannot be read: check its owner and permissions";
  }
}

function readHead(path: string): Buffer {
  const fileDescriptor = openSync(path, "r");
  try {
    const head = Buffer.alloc(256);
    return head.subarray(0, readSync(fileDescriptor, head, 0, head.length, 0));
  } finally {
    closeSync(fileDescriptor);
  }
}
