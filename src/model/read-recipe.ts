import type { Size } from "../image/raster.ts";
import { readModelConfig, readPreprocessorConfig } from "./hugging-face.ts";
import { readLabelFile } from "./label-files.ts";
import type { OnnxFile } from "./onnx-file.ts";
import { mergeRecipes, type Recipe, type RecipeSource } from "./recipe.ts";
import { readServingJson } from "./serving-json.ts";
import { readTimmConfig } from "./timm-config.ts";

/**
 * Returns what the files of a model folder say together.
 *
 * Order: `serving.json`, Hugging Face, timm, label files; for each value the first that states it.
 *
 * @throws {StartupError} when one of them can't be used; the line names the file and the key.
 */
export function readRecipe(folder: string, onnx: Pick<OnnxFile, "inputs">): Recipe {
  const stated: readonly (RecipeSource | undefined)[] = [
    readServingJson(folder),
    readPreprocessorConfig(folder),
    readModelConfig(folder),
    readTimmConfig(folder, fixedSize(onnx)),
    readLabelFile(folder),
  ];
  return mergeRecipes(stated.filter((source) => source !== undefined));
}

/** The size of a picture that the graph fixes: both edges, channels first or last. */
function fixedSize({ inputs }: Pick<OnnxFile, "inputs">): Size | undefined {
  const [, first, second, third] = inputs[0]?.shape ?? [];
  const [height, width] = third === 1 || third === 3 ? [first, second] : [second, third];
  return typeof height === "number" && typeof width === "number" ? { height, width } : undefined;
}
