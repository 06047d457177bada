import { join } from "node:path";
import { z } from "zod";
import { StartupError } from "../errors.ts";
import { readJsonFile } from "./read-json-file.ts";
import { readTextFile } from "./read-text-file.ts";
import type { RecipeSource } from "./recipe.ts";

const LINE_FILES = ["labels.txt", "classes.txt"];

/**
 * `{"0": "cat"}`, with an identifier before the name: `{"0": ["n02123045", "tabby"]}`, or the form for
 * detectors: `{"object_type_names": ["__background__", "person"]}`.
 *
 * @see pytorch/serve `ts/utils/util.py` load_label_mapping, map_class_to_label
 */
const indexToName = z.record(z.string(), z.union([z.string(), z.array(z.string()).min(1)]));

/**
 * Returns the labels of the first label file in the folder, of `index_to_name.json` (TorchServe),
 * `labels.txt` and `classes.txt` (a label on each line); undefined when there is none.
 */
export function readLabelFile(folder: string, modelDir: string = folder): RecipeSource | undefined {
  const path = join(folder, "index_to_name.json");
  const names = readJsonFile(path, indexToName, modelDir);
  const types = names?.object_type_names;
  if (Array.isArray(types)) return { origin: "index_to_name.json", values: { labels: types } };
  if (names !== undefined) {
    const last = (name: string | readonly string[]) =>
      typeof name === "string" ? name : (name.at(-1) ?? "");
    const entries = Object.entries(names).map(([index, name]) => [index, last(name)] as const);
    return {
      origin: "index_to_name.json",
      values: { labels: labelsByIndex(path, Object.fromEntries(entries)) },
    };
  }
  for (const file of LINE_FILES) {
    const text = readTextFile(join(folder, file), modelDir);
    if (text !== undefined) return { origin: file, values: { labels: parseLabelLines(text) } };
  }
  return undefined;
}

/** Returns the lines of a label file, without the empty ones at its end. */
export function parseLabelLines(text: string): string[] {
  const lines = text.trimEnd();
  return lines === "" ? [] : lines.split(/\r?\n/).map((line) => line.trim());
}

/**
 * Returns labels keyed by index (`{"0": "cat", "1": "dog"}`) as a list.
 *
 * @throws {StartupError} when the keys are not 0 to n-1.
 */
export function labelsByIndex(path: string, byIndex: Readonly<Record<string, string>>): string[] {
  const count = Object.keys(byIndex).length;
  return Array.from({ length: count }, (_, index) => {
    const label = Object.hasOwn(byIndex, String(index)) ? byIndex[String(index)] : undefined;
    if (label === undefined) throw new StartupError(`${path}: ${count} labels, but none for index ${index}`);
    return label;
  });
}
