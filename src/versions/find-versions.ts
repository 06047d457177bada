import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { holdsModel, type ModelChoice, versionFolders } from "../model/find-model.ts";
import { holdsComposition } from "../model/holds-composition.ts";

/** A version that is there. */
export interface FoundVersion {
  readonly version: number;
  /** Of the names, sizes and times of its files: another one when any of them changed. */
  readonly fingerprint: string;
}

/**
 * Returns the versions in a model's base path: those of its numbered folders that hold a model file, or version 1 where
 * it is a model folder itself.
 *
 * @throws when the folder can't be read.
 */
export async function findVersions(basePath: string, choice: ModelChoice): Promise<readonly FoundVersion[]> {
  const names = await readdir(basePath);
  if (isModel(basePath, choice)) return [{ version: 1, fingerprint: await fingerprint(basePath) }];
  const found = new Map<number, FoundVersion>();
  for (const name of versionFolders(names)) {
    const version = Number(name);
    const folder = join(basePath, name);
    // Of 007 and 7 the first is served.
    if (found.has(version) || !(await isFolder(folder)) || !isModel(folder, choice)) continue;
    found.set(version, { version, fingerprint: await fingerprint(folder) });
  }
  return [...found.values()];
}

function isModel(folder: string, choice: ModelChoice): boolean {
  return holdsComposition(folder) || holdsModel(folder, choice);
}

async function isFolder(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isDirectory() ?? false;
}

async function fingerprint(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true });
  const files = names.sort().map(async (name) => {
    // What goes while it is looked at is a change as well.
    const stats = await stat(join(folder, name)).catch(() => undefined);
    return `${name} ${stats?.size} ${stats?.mtimeMs} ${stats?.ino}`;
  });
  return (await Promise.all(files)).join("\n");
}
