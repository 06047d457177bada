import { join } from "node:path";
import { z } from "zod";
import { StartupError } from "../errors.ts";
import { FILTERS, type Filter, MAX_BANDS, type Resize } from "../image/preprocess-spec.ts";
import type { Size } from "../image/raster.ts";
import { roundHalfEven } from "../image/round-half-even.ts";
import { labelsByIndex } from "./label-files.ts";
import { readJsonFile } from "./read-json-file.ts";
import type { RecipeSource } from "./recipe.ts";

const pixels = z.int().min(1).max(65_535);
const inputSize = z.tuple([z.int().min(1), pixels, pixels]);
const perChannel = z.array(z.number()).min(1).max(MAX_BANDS);
/** 0 is as good as not stated. */
const cropShare = z.number().min(0).max(100);
const labels = z.union([z.array(z.string()), z.record(z.string(), z.string())]);

const pretrainedSchema = z.object({
  input_size: inputSize.nullish(),
  test_input_size: inputSize.nullish(),
  interpolation: z.enum([...FILTERS, "random"]).nullish(),
  crop_pct: cropShare.nullish(),
  test_crop_pct: cropShare.nullish(),
  crop_mode: z.enum(["center", "squash", "border"]).nullish(),
  mean: perChannel.nullish(),
  std: perChannel.nullish(),
  fixed_input_size: z.boolean().nullish(),
  num_classes: z.int().min(0).nullish(),
  label_names: labels.nullish(),
  label_descriptions: labels.nullish(),
});

/** The keys that this server reads; a file may hold others. */
const configSchema = pretrainedSchema
  .pick({ num_classes: true, label_names: true, label_descriptions: true })
  .extend({
    pretrained_cfg: pretrainedSchema,
    model_args: z
      .object({
        in_chans: z.int().min(1).nullish(),
        img_size: z.union([pixels, z.tuple([pixels, pixels])]).nullish(),
      })
      .nullish(),
  });

/** Older uploads have no `pretrained_cfg`, but its keys beside the architecture. */
const flatSchema = pretrainedSchema.extend({ labels: labels.nullish() });

/** Whose file it is; Hugging Face's has the same name. */
const kindSchema = z.object({
  architecture: z.unknown().optional(),
  pretrained_cfg: z.unknown().optional(),
  input_size: z.unknown().optional(),
  mean: z.unknown().optional(),
});

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

interface TimmConfigOptions {
  /** The size of the model's input where it is fixed: it tells `test_input_size` from `input_size`. */
  readonly graphSize?: Size | undefined;
  /** @default the folder */
  readonly modelDir?: string;
}

/**
 * Returns what timm's `config.json` says of the pixels and the labels; undefined when there is none or when it is
 * not timm's: it holds neither `pretrained_cfg` nor an `architecture` beside `input_size` or `mean`.
 *
 * @throws {StartupError} when a value is out of range; what is not served stands in `refused`.
 * @see huggingface/pytorch-image-models `timm/data/config.py` resolve_data_config,
 * `timm/data/transforms_factory.py` transforms_imagenet_eval, `timm/models/_hub.py` save_config_for_hf, _parse_model_cfg, `timm/data/model_config.py` resolve_input_data_config
 */
export function readTimmConfig(
  folder: string,
  { graphSize, modelDir = folder }: TimmConfigOptions = {},
): RecipeSource | undefined {
  const path = join(folder, "config.json");
  const pretrained = readPretrained(path, modelDir);
  if (pretrained === undefined) return undefined;
  const { num_classes: classes } = pretrained;
  const names = readLabels(path, pretrained);
  if (names !== undefined && classes != null && classes > 0 && names.length !== classes) {
    throw new StartupError(`${path}: ${names.length} label_names, but num_classes is ${classes}`);
  }
  const [channels] = pretrained.input_size ?? DEFAULTS.inputSize;
  const mean = fitted(pretrained.mean ?? DEFAULTS.mean, channels);
  const sizes = readSizes(path, pretrained, graphSize);
  return {
    origin: ORIGIN,
    ...(typeof sizes === "string" ? { refused: { resize: sizes } } : {}),
    values: {
      ...(channels === 3 ? { color: "RGB" as const } : {}),
      ...(channels === 1 ? { color: "L" as const } : {}),
      ...(typeof sizes === "string" ? {} : sizes),
      ...(pretrained.crop_mode === "border" ? { cropFill: mean.map((v) => roundHalfEven(255 * v)) } : {}),
      rescaleFactor: 1 / 255,
      rescaleOffset: 0,
      mean,
      std: fitted(pretrained.std ?? DEFAULTS.std, channels),
      ...(names === undefined ? {} : { labels: names }),
      ...(classes == null || classes < 2 ? {} : { task: "classification" as const }),
    },
  };
}

/** What the top level says of classes and what the model was made with come before `pretrained_cfg`. */
function readPretrained(path: string, modelDir: string): Pretrained | undefined {
  const kind = readJsonFile(path, kindSchema, modelDir);
  if (kind?.pretrained_cfg == null) {
    const isFlat = typeof kind?.architecture === "string" && (kind.input_size != null || kind.mean != null);
    const flat = isFlat ? readJsonFile(path, flatSchema, modelDir) : undefined;
    return flat && { ...flat, label_names: flat.label_names ?? flat.labels };
  }
  const stated = readJsonFile(path, configSchema, modelDir);
  if (stated === undefined) return undefined;
  const { pretrained_cfg: pretrained, model_args: made, ...outer } = stated;
  const [channels, ...size] = pretrained.input_size ?? DEFAULTS.inputSize;
  const edges = typeof made?.img_size === "number" ? [made.img_size, made.img_size] : made?.img_size;
  const [height = size[0], width = size[1]] = (pretrained.fixed_input_size && edges) || size;
  return {
    ...pretrained,
    ...withoutNull(outer),
    input_size: [made?.in_chans ?? channels, height, width],
  };
}

/** Where a mean is not for as many channels, its own mean is for all of them. */
function fitted(values: readonly number[], channels: number): readonly number[] {
  if (values.length === 1 || values.length === channels) return values;
  return [values.reduce((sum, value) => sum + value, 0) / values.length];
}

interface Sizes {
  readonly resize: Resize;
  readonly centerCrop: Size;
  readonly cropRounding: "half_even";
}

/** Returns the sizes, or the line that refuses what timm itself can't do. */
function readSizes(path: string, pretrained: Pretrained, graphSize: Size | undefined): Sizes | string {
  const [, testHeight, testWidth] = pretrained.test_input_size ?? [];
  const isTestSize =
    graphSize !== undefined && graphSize.height === testHeight && graphSize.width === testWidth;
  const [, height, width] =
    (isTestSize ? pretrained.test_input_size : pretrained.input_size) ?? DEFAULTS.inputSize;
  const trained = pretrained.crop_pct || DEFAULTS.cropShare;
  const share = isTestSize ? pretrained.test_crop_pct || trained : trained;
  const filter = pretrained.interpolation ?? DEFAULTS.interpolation;
  if (filter === "random") {
    return `${path}: interpolation random is none to predict with: say in serving.json (preprocess.resize) which filter`;
  }
  const size = { height: Math.floor(height / share), width: Math.floor(width / share) };
  return {
    resize: modeResize(pretrained.crop_mode ?? "center", size, filter),
    centerCrop: { height, width },
    cropRounding: "half_even",
  };
}

function modeResize(mode: NonNullable<Pretrained["crop_mode"]>, size: Size, filter: Filter): Resize {
  if (mode === "squash") return { kind: "exact", size, filter };
  if (mode === "border") return { kind: "fit", size, rounding: "half_even", filter };
  if (size.height !== size.width) return { kind: "cover", size, filter };
  return { kind: "shortest_edge", edgePixels: size.height, filter };
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
