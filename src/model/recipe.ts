import { StartupError } from "../errors.ts";
import type { CropRounding, PreprocessSpec, Resize } from "../image/preprocess-spec.ts";
import type { Size } from "../image/raster.ts";
import type { DetectionOutputs } from "../signature/detection-outputs.ts";
import type { Activation } from "../signature/head.ts";
import type { SignatureParameters } from "../signature/signature-parameters.ts";

/** All that a model folder can say about how to feed the model and read its outputs. */
export interface RecipeValues {
  readonly task: "classification" | "segmentation" | "detection" | "regression" | "generic";
  /** Name of the output that the signatures read. */
  readonly output: string;
  readonly labels: readonly string[];
  readonly activation: Activation;
  /** Any number of classes can be right at once. */
  readonly multiLabel: boolean;
  /** The form of a detector's outputs. */
  readonly detector: DetectionOutputs["form"];
  /** How many classes a detector has whose rows hold more than a box and scores. */
  readonly classes: number;
  /** Where a segmentation's output has its classes: `[C, H, W]` or `[H, W, C]`. */
  readonly outputLayout: "CHW" | "HWC";
  /** The class of a detector that the first label names. */
  readonly firstLabel: number;
  readonly parameters: Partial<SignatureParameters>;
  readonly color: PreprocessSpec["color"];
  /** false: the image is fed at its own size. */
  readonly resize: Resize | false;
  readonly centerCrop: Size | false;
  readonly cropRounding: CropRounding;
  /** For each channel, in the order of RGB. */
  readonly cropFill: readonly number[];
  readonly padTo: NonNullable<PreprocessSpec["padTo"]> | false;
  readonly rescaleFactor: number;
  readonly rescaleOffset: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What one file says, and its name. */
export interface RecipeSource {
  readonly origin: string;
  readonly values: Partial<RecipeValues>;
  /** Values that it states and that are not served, each with the line that refuses it. */
  readonly refused?: { readonly [Name in keyof RecipeValues]?: string };
  readonly warnings?: readonly SourceWarning[];
}

interface SourceWarning {
  readonly text: string;
  /** Needless where an earlier source states this value. */
  readonly unless?: keyof RecipeValues;
}

/** The values of several sources, each with the source that it came from. */
export interface Recipe {
  readonly values: Partial<RecipeValues>;
  readonly origins: Readonly<Record<string, string>>;
  /** @default none */
  readonly warnings?: readonly string[];
}

/**
 * Returns, for each value, what the first source that states it says.
 *
 * @throws {StartupError} when that source's value is not served.
 */
export function mergeRecipes(sources: readonly RecipeSource[]): Recipe {
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  const warnings: string[] = [];
  for (const source of sources) {
    for (const [name, line] of Object.entries(source.refused ?? {})) {
      if (!Object.hasOwn(values, name)) throw new StartupError(line);
    }
    for (const { text, unless } of source.warnings ?? []) {
      if (unless === undefined || !Object.hasOwn(values, unless)) warnings.push(text);
    }
    for (const [name, value] of Object.entries(source.values)) {
      if (value === undefined || Object.hasOwn(values, name)) continue;
      values[name] = value;
      origins[name] = source.origin;
    }
  }
  return {
    values: values as Partial<RecipeValues>,
    origins,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}
