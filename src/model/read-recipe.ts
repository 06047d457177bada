import type { Size } from "../image/raster.ts";
import { readArchiveRecipe } from "./archive-manifest.ts";
import { readModelConfig, readPreprocessorConfig } from "./hugging-face.ts";
import { readLabelFile } from "./label-files.ts";
import type { OnnxFile } from "./onnx-file.ts";
import { readOnnxMetadata } from "./onnx-metadata.ts";
import { mergeRecipes, type Recipe, type RecipeSource } from "./recipe.ts";
import { readServingJson } from "./serving-json.ts";
import { readTimmConfig } from "./timm-config.ts";
import { readTritonConfig } from "./triton-config.ts";

interface RecipeOptions {
  /** The folder of the version folders, where there are any; links may not lead out of it. */
  readonly modelDir: string;
  /** The folder that holds the descriptions. */
  readonly folder: string;
  readonly modelPath: string;
  readonly onnx: Pick<OnnxFile, "inputs" | "metadata">;
}

/**
 * Returns what the files of a model folder say together.
 *
 * Order: `serving.json`, Hugging Face, timm, the ONNX file's metadata, a model archive's manifest, label files,
 * Triton's `config.pbtxt`; for each value the first that states it.
 *
 * @throws {StartupError} when one of them can't be used; the line names the file and the key.
 */
export function readRecipe({ modelDir, folder, modelPath, onnx }: RecipeOptions): Recipe {
  const described: readonly (RecipeSource | undefined)[] = [
    readServingJson(folder, modelDir),
    readPreprocessorConfig(folder, modelDir),
    readModelConfig(folder, modelDir),
    readTimmConfig(folder, { graphSize: fixedSize(onnx), modelDir }),
    ...readOnnxMetadata({ path: modelPath, metadata: onnx.metadata }, fixedSize(onnx)),
  ];
  // How another description's crop is rounded is not the handler's to say.
  const isCropStated = described.some((source) => source?.values.centerCrop !== undefined);
  const stated = [
    ...described,
    readArchiveRecipe(folder, { modelDir, isCropStated }),
    readLabelFile(folder, modelDir),
    readTritonConfig(modelDir),
  ];
  return mergeRecipes(stated.filter((source) => source !== undefined));
}

/** The size of a picture that the graph fixes: both edges, channels first or last. */
function fixedSize({ inputs }: Pick<OnnxFile, "inputs">): Size | undefined {
  const [, first, second, third] = inputs[0]?.shape ?? [];
  const [height, width] = third === 1 || third === 3 ? [first, second] : [second, third];
  return typeof height === "number" && typeof width === "number" ? { height, width } : undefined;
}
