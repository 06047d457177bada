import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PreprocessSpec } from "../src/image/preprocess-spec.ts";
import { mobilenetV2 } from "./graphs/mobilenet-v2.ts";
import { resnet18 } from "./graphs/resnet18.ts";

/** The networks that can be measured, by the name that `--models` takes. */
export const GRAPHS = { resnet18, mobilenetv2: mobilenetV2 } as const;

export type ModelName = keyof typeof GRAPHS;

const EDGE_PIXELS = 224;
const IMAGENET_MEAN = [0.485, 0.456, 0.406];
const IMAGENET_STD = [0.229, 0.224, 0.225];

/** What the folder's `preprocessor_config.json` says, for measuring the same work without a server. */
export const PREPROCESS: PreprocessSpec = {
  color: "RGB",
  resize: { kind: "exact", size: { height: EDGE_PIXELS, width: EDGE_PIXELS }, filter: "bilinear" },
  rescaleFactor: 1 / 255,
  rescaleOffset: 0,
  mean: IMAGENET_MEAN,
  std: IMAGENET_STD,
  layout: "CHW",
  dtype: "float32",
};

/**
 * Writes a model folder as Hugging Face lays it out: graph, preprocessing, class names.
 *
 * @returns the graph's path
 */
export function writeModelFolder(folder: string, model: ModelName): string {
  mkdirSync(folder, { recursive: true });
  const modelPath = join(folder, "model.onnx");
  writeFileSync(modelPath, GRAPHS[model]());
  const preprocessor = {
    image_processor_type: "ViTImageProcessor",
    do_resize: true,
    size: { height: EDGE_PIXELS, width: EDGE_PIXELS },
    // Pillow's number of its bilinear filter.
    resample: 2,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: IMAGENET_MEAN,
    image_std: IMAGENET_STD,
  };
  const id2label = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [i, `class ${i}`]));
  writeFileSync(join(folder, "preprocessor_config.json"), JSON.stringify(preprocessor));
  writeFileSync(join(folder, "config.json"), JSON.stringify({ model_type: model, id2label }));
  return modelPath;
}
