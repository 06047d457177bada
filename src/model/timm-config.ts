import { join } from "node:path";
import { z } from "zod";
import { StartupError } from "../errors.ts";
import { FILTERS, MAX_BANDS, type Resize } from "../image/preprocess-spec.ts";
import type { Size } from "../image/raster.ts";
import { labelsByIndex } from "./label-files.ts";
import { readJsonFile } from "./read-json-file.ts";
import type { RecipeSource } from "./recipe.ts";

const pixels = z.int().min(1).max(65_535);
const inputSize = z.tuple([z.int().min(1), pixels, pixels]);
const perChannel = z.array(z.number()).min(1).max(MAX_BANDS);
const cropShare = z.number().min(0.01).max(1);

const pretrainedSchema = z.object({
  input_size: inputSize.nullish(),
  test_input_size: inputSize.nullish(),
  interpolation: z.enum(FILTERS).nullish(),
  crop_pct: cropShare.nullish(),
  test_crop_pct: cropShare.nullish(),
  crop_mode: z.enum(["center", "squash", "border"]).nullish(),
  mean: perChannel.nullish(),
  std: perChannel.nullish(),
  num_classes: z.int().min(0).nullish(),
  label_names: z.union([z.array(z.string()), z.record(z.string(), z.string())]).nullish(),
  label_descriptions: z.union([z.array(z.string()), z.record(z.string(), z.string())]).nullish(),
});

/** The keys that this server reads; a file may hold others. Without `pretrained_cfg` it is not timm's. */
const configSchema = pretrainedSchema
  .pick({ num_classes: true, label_names: true, label_descriptions: true })
  .extend({ pretrained_cfg: pretrainedSchema.nullish() });

type Pretrained = z.infer<typeof pretrainedSchema>;

const ORIGIN = "config.json (timm)";

/** What timm takes where `pretrained_cfg` says nothing: ImageNet's numbers and a crop of 7/8. */
const DEFAULTS = {
  inputSize: [3, 224, 224],
  interpolation: "bicubic",
  cropShare: 0.875,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const;

/**
 * Returns what timm's `config.json` says of the pixels and the labels; undefined when there is none or when
 * it holds no `pretrained_cfg`.
 *
 * @param graphSize the size of the model's input where it is fixed: it tells `test_input_size` from `input_size`
 * @throws {StartupError} when a value is out of range; what is not served stands in `refused`.
 * @see huggingface/pytorch-image-models `timm/data/config.py` resolve_data_config,
 * `timm/data/transforms_factory.py` transforms_imagenet_eval, `timm/models/_hub.py` save_config_for_hf
 */
export function readTimmConfig(folder: string, graphSize?: Size): RecipeSource | undefined {
  const path = join(folder, "config.json");
  const stated = readJsonFile(path, configSchema);
  if (stated?.pretrained_cfg == null) return undefined;
  const { pretrained_cfg: pretrained } = stated;
  const classes = stated.num_classes ?? pretrained.num_classes;
  const labels = readLabels(path, { ...pretrained, ...withoutNull(stated) });
  if (labels !== undefined && classes != null && classes > 0 && labels.length !== classes) {
    throw new StartupError(`${path}: ${labels.length} label_names, but num_classes is ${classes}`);
  }
  const isNormalised = pretrained.mean != null || pretrained.std != null;
  const [channels] = pretrained.input_size ?? DEFAULTS.inputSize;
  const usual = isNormalised || channels === 3;
  const sizes = readSizes(path, pretrained, graphSize);
  return {
    origin: ORIGIN,
    ...(typeof sizes === "string" ? { refused: { resize: sizes } } : {}),
    values: {
      ...(channels === 3 ? { color: "RGB" as const } : {}),
      ...(typeof sizes === "string" ? {} : sizes),
      rescaleFactor: 1 / 255,
      rescaleOffset: 0,
      ...(usual ? { mean: pretrained.mean ?? DEFAULTS.mean, std: pretrained.std ?? DEFAULTS.std } : {}),
      ...(labels === undefined ? {} : { labels }),
      ...(classes == null || classes < 2 ? {} : { task: "classification" as const }),
    },
  };
}

interface Sizes {
  readonly resize: Resize;
  readonly centerCrop: Size;
  readonly cropRounding: "half_even";
}

/** Returns the sizes, or the line that refuses what can't be done exactly. */
function readSizes(path: string, pretrained: Pretrained, graphSize: Size | undefined): Sizes | string {
  const [, testHeight, testWidth] = pretrained.test_input_size ?? [];
  const isTestSize =
    graphSize !== undefined && graphSize.height === testHeight && graphSize.width === testWidth;
  const [, height, width] =
    (isTestSize ? pretrained.test_input_size : pretrained.input_size) ?? DEFAULTS.inputSize;
  const trained = pretrained.crop_pct ?? DEFAULTS.cropShare;
  const share = isTestSize ? (pretrained.test_crop_pct ?? trained) : trained;
  const filter = pretrained.interpolation ?? DEFAULTS.interpolation;
  const resized = { height: Math.floor(height / share), width: Math.floor(width / share) };
  const centerCrop = { height, width };
  const mode = pretrained.crop_mode ?? "center";
  if (mode === "border") {
    return `${path}: crop_mode border is not served: say in serving.json (preprocess.resize, preprocess.center_crop) what to do instead`;
  }
  if (mode === "squash") {
    return { resize: { kind: "exact", size: resized, filter }, centerCrop, cropRounding: "half_even" };
  }
  if (resized.height !== resized.width) {
    return `${path}: input_size ${height}x${width} with crop_mode center is not served, only squares: say in serving.json (preprocess.resize, preprocess.center_crop) what to do instead`;
  }
  const resize = { kind: "shortest_edge", edgePixels: resized.height, filter } as const;
  return { resize, centerCrop, cropRounding: "half_even" };
}

/** `label_descriptions` maps names (of ImageNet, WordNet's ids) to words; a label without one keeps its name. */
function readLabels(
  path: string,
  { label_names: names, label_descriptions: descriptions }: Pretrained,
): readonly string[] | undefined {
  if (names == null) return Array.isArray(descriptions) ? descriptions : undefined;
  const list = Array.isArray(names) ? names : labelsByIndex(path, names);
  if (list.length === 0) return undefined;
  if (descriptions == null) return list;
  const describe = (name: string, index: number): string | undefined => {
    if (Array.isArray(descriptions)) return descriptions[index];
    return Object.hasOwn(descriptions, name) ? descriptions[name] : undefined;
  };
  return list.map((name, index) => describe(name, index) ?? name);
}

function withoutNull<Values extends object>(values: Values): Partial<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value != null)) as Partial<Values>;
}
