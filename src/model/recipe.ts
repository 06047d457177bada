import type { CropRounding, Resize } from "../image/preprocess-spec.ts";
import type { Size } from "../image/raster.ts";
import type { Activation } from "../signature/head.ts";

/** All that a model folder can say about how to feed the model and read its outputs. */
export interface RecipeValues {
  readonly task: "classification" | "segmentation" | "generic";
  /** Name of the output that the signatures read. */
  readonly output: string;
  readonly labels: readonly string[];
  readonly activation: Activation;
  readonly color: "RGB" | "BGR" | "L";
  /** false: the image is fed at its own size. */
  readonly resize: Resize | false;
  readonly centerCrop: Size | false;
  readonly cropRounding: CropRounding;
  readonly padTo: Size;
  readonly rescaleFactor: number;
  readonly rescaleOffset: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What one file says, and its name. */
export interface RecipeSource {
  readonly origin: string;
  readonly values: Partial<RecipeValues>;
}

/** The values of several sources, each with the source that it came from. */
export interface Recipe {
  readonly values: Partial<RecipeValues>;
  readonly origins: Readonly<Record<string, string>>;
}

/** Returns, for each value, what the first source that states it says. */
export function mergeRecipes(sources: readonly RecipeSource[]): Recipe {
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const source of sources) {
    for (const [name, value] of Object.entries(source.values)) {
      if (value === undefined || Object.hasOwn(values, name)) continue;
      values[name] = value;
      origins[name] = source.origin;
    }
  }
  return { values: values as Partial<RecipeValues>, origins };
}
