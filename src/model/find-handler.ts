import { lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { StartupError } from "../errors.ts";
import { checkInFolder } from "./check-in-folder.ts";

const FILE_NAME = "handler.mjs";

export interface HandlerFile {
  readonly path: string;
  /** What to call it where values say where they came from. */
  readonly origin: string;
}

interface HandlerPlaces {
  /** UTILS_DIR, where it is set. */
  readonly utilsDir: string | undefined;
  /** MODEL_DIR or its version folder. */
  readonly folder: string;
  readonly modelDir: string;
}

/**
 * Returns the model owner's code: `handler.mjs` in UTILS_DIR, else in the model's version folder, else in MODEL_DIR;
 * undefined when there is none.
 *
 * @throws {StartupError} when UTILS_DIR is no folder, or the file is none or a link that leads out of its folder.
 */
export function findHandler({ utilsDir, folder, modelDir }: HandlerPlaces): HandlerFile | undefined {
  if (utilsDir !== undefined) {
    checkFolder(utilsDir);
    const path = handlerIn(utilsDir, utilsDir);
    if (path !== undefined) return { path, origin: `UTILS_DIR/${FILE_NAME}` };
  }
  const path = handlerIn(folder, modelDir) ?? handlerIn(modelDir, modelDir);
  return path === undefined ? undefined : { path, origin: FILE_NAME };
}

/** Returns a warning where UTILS_DIR holds files, and none of them is a handler. */
export function utilsWarnings(utilsDir: string | undefined): string[] {
  const names = utilsDir === undefined ? [] : readdirSync(utilsDir);
  if (names.length === 0 || names.includes(FILE_NAME)) return [];
  return [`UTILS_DIR is not used: it holds no ${FILE_NAME}; see docs/custom-code.md`];
}

function checkFolder(utilsDir: string): void {
  if (statSync(utilsDir, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new StartupError(`${utilsDir} is no folder: set UTILS_DIR to the one that holds ${FILE_NAME}`);
}

/** Also a link that leads nowhere is found, and refused. */
function handlerIn(folder: string, bound: string): string | undefined {
  const path = join(folder, FILE_NAME);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  checkInFolder(bound, path);
  if (statSync(path).isFile()) return path;
  throw new StartupError(`${path} is not a file: put the handler's module there`);
}
