import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { versionFolders } from "./find-model.ts";
import { readTextFile } from "./read-text-file.ts";

/** Tells whether the `serving.json` of a folder links several models. What is no JSON is refused where it is read. */
export function holdsComposition(folder: string): boolean {
  try {
    const content: unknown = JSON.parse(readTextFile(join(folder, "serving.json"), folder) ?? "null");
    return typeof content === "object" && content !== null && "nodes" in content;
  } catch {
    return false;
  }
}

/**
 * Returns the folder of the composition in a model's base path: itself, or the chosen version's, else the highest;
 * undefined where that is of a single model.
 */
export function compositionFolder(
  basePath: string,
  chosen?: number,
): { readonly folder: string; readonly version: number } | undefined {
  if (holdsComposition(basePath)) return { folder: basePath, version: 1 };
  if (!isFolder(basePath)) return undefined;
  const names = versionFolders(readdirSync(basePath));
  const name = chosen === undefined ? names[0] : names.find((one) => Number(one) === chosen);
  if (name === undefined) return undefined;
  const folder = join(basePath, name);
  return holdsComposition(folder) ? { folder, version: Number(name) } : undefined;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
