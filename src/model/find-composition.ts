import { join } from "node:path";
import { type CompositionJson, compositionJsonSchema } from "./composition-json.ts";
import { compositionFolder } from "./holds-composition.ts";
import { readJsonFile } from "./read-json-file.ts";

export interface FoundComposition {
  /** The folder of `serving.json`; the models' folders are inside it. */
  readonly folder: string;
  /** Name of the version folder as a number, else 1. */
  readonly version: number;
  readonly json: CompositionJson;
}

/**
 * Finds the composition in a model's base path: its own, or that of the chosen version folder, else of the highest;
 * undefined where that is of a single model.
 *
 * @throws {StartupError} when it has an unknown key or a value out of range; the line names the key.
 */
export function findComposition(basePath: string, chosen?: number): FoundComposition | undefined {
  const found = compositionFolder(basePath, chosen);
  if (found === undefined) return undefined;
  const json = readJsonFile(join(found.folder, "serving.json"), compositionJsonSchema, found.folder);
  return json === undefined ? undefined : { ...found, json };
}
