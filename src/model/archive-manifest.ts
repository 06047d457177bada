import { join } from "node:path";
import { z } from "zod";
import { readJsonFile } from "./read-json-file.ts";
import type { RecipeSource, RecipeValues } from "./recipe.ts";

const PLACE = join("MAR-INF", "MANIFEST.json");

/** The keys that this server reads; a manifest holds others. */
const manifestSchema = z.object({
  model: z.object({
    serializedFile: z.string().nullish(),
    handler: z.string().nullish(),
    modelVersion: z.union([z.string(), z.number()]).nullish(),
  }),
});

/** What a manifest says of its model. */
export interface ArchiveManifest {
  readonly serializedFile?: string | null | undefined;
  readonly handler?: string | null | undefined;
  readonly modelVersion?: string | number | null | undefined;
}

/**
 * Returns the manifest of an unpacked model archive; undefined when the folder is none.
 *
 * @throws {StartupError} when it can't be used; the line names the file and the key.
 * @see pytorch/serve `model-archiver/model_archiver/manifest_components/`
 */
export function readArchiveManifest(folder: string, modelDir: string = folder): ArchiveManifest | undefined {
  return readJsonFile(join(folder, PLACE), manifestSchema, modelDir)?.model;
}

const PHOTO: Partial<RecipeValues> = {
  color: "RGB",
  resize: { kind: "shortest_edge", edgePixels: 256, filter: "bilinear" },
  centerCrop: { height: 224, width: 224 },
  cropRounding: "half_even",
  rescaleFactor: 1 / 255,
  rescaleOffset: 0,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** How TorchServe's own handlers feed a model. @see pytorch/serve `ts/torch_handler/` image_classifier.py, image_segmenter.py, object_detector.py */
const HANDLERS: Readonly<Record<string, Partial<RecipeValues>>> = {
  image_classifier: { ...PHOTO, task: "classification", activation: "softmax" },
  image_segmenter: { ...PHOTO, task: "segmentation", activation: "softmax" },
  object_detector: {
    color: "RGB",
    resize: false,
    rescaleFactor: 1 / 255,
    rescaleOffset: 0,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    task: "detection",
  },
};

interface ArchiveRecipeOptions {
  /** @default the folder */
  readonly modelDir?: string;
  /** Another description says what is cut out. @default false */
  readonly isCropStated?: boolean;
}

/** Returns how the handler that a model archive names would feed the model; undefined when the folder is none. */
export function readArchiveRecipe(
  folder: string,
  { modelDir = folder, isCropStated = false }: ArchiveRecipeOptions = {},
): RecipeSource | undefined {
  const handler = readArchiveManifest(folder, modelDir)?.handler;
  if (handler == null) return undefined;
  const name = handler.replace(/\.py$/, "");
  const values = Object.hasOwn(HANDLERS, name) ? HANDLERS[name] : undefined;
  if (values !== undefined) {
    const { cropRounding, ...others } = values;
    return { origin: `${PLACE} (${name})`, values: isCropStated ? others : values };
  }
  const text = `the archive's handler ${handler} is not run: say in serving.json how it prepares an image`;
  return { origin: PLACE, values: {}, warnings: [{ text, unless: "mean" }] };
}
