import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { StartupError } from "../errors.ts";
import { contains } from "./check-in-folder.ts";
import type { ModelChoice } from "./find-model.ts";

/**
 * Returns the path of the model archive (`.mar`) to serve: MODEL_DIR where it is one, the one that MODEL_FILE names, or the
 * only one of a folder without an ONNX file; undefined where there is none.
 *
 * @throws {StartupError} when there are several, or MODEL_FILE lies outside.
 */
export function findArchive(modelDir: string, { modelFile, modelVariant }: ModelChoice): string | undefined {
  const stat = statSync(modelDir, { throwIfNoEntry: false });
  if (isArchive(modelDir) && stat?.isFile()) return modelDir;
  if (modelFile !== undefined) {
    const path = join(modelDir, modelFile);
    if (!isArchive(modelFile) || !existsSync(path)) return undefined;
    if (contains(modelDir, path)) return path;
    throw new StartupError(`MODEL_FILE ${modelFile} is outside MODEL_DIR: name a file inside it`);
  }
  if (!stat?.isDirectory() || modelVariant !== undefined) return undefined;
  const names = readdirSync(modelDir).sort();
  if (names.some((name) => name.endsWith(".onnx") || name === "onnx" || /^\d{1,15}$/.test(name)))
    return undefined;
  const archives = names.filter(isArchive);
  const [first, second] = archives;
  if (second !== undefined)
    throw new StartupError(`${modelDir} holds ${archives.join(", ")}: set MODEL_FILE`);
  return first === undefined ? undefined : join(modelDir, first);
}

function isArchive(path: string): boolean {
  return path.endsWith(".mar");
}
