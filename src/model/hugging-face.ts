import { join } from "node:path";
import { z } from "zod";
import { StartupError } from "../errors.ts";
import { type Filter, MAX_BANDS, type Resize } from "../image/preprocess-spec.ts";
import type { Size } from "../image/raster.ts";
import { labelsByIndex } from "./label-files.ts";
import { readJsonFile } from "./read-json-file.ts";
import type { RecipeSource } from "./recipe.ts";

const pixels = z.int().min(1).max(65_535);
const perChannel = z.union([z.number(), z.array(z.number()).min(1).max(MAX_BANDS)]);

/** The keys that this server reads; a file may hold others. */
const preprocessorSchema = z.object({
  image_processor_type: z.string().optional(),
  feature_extractor_type: z.string().optional(),
  do_resize: z.boolean().nullish(),
  size: z.union([pixels, z.record(z.string(), pixels.nullable())]).nullish(),
  crop_pct: z.number().positive().nullish(),
  resample: z.int().min(0).max(5).nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: z.union([pixels, z.object({ height: pixels, width: pixels })]).nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().nullish(),
  rescale_offset: z.boolean().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: perChannel.nullish(),
  image_std: perChannel.nullish(),
  mean: perChannel.nullish(),
  std: perChannel.nullish(),
  do_flip_channel_order: z.boolean().nullish(),
  do_pad: z.boolean().nullish(),
  pad_size: z.union([pixels, z.object({ height: pixels, width: pixels })]).nullish(),
  size_divisor: pixels.nullish(),
  size_divisibility: pixels.nullish(),
});

type Preprocessor = z.infer<typeof preprocessorSchema>;

const configSchema = z.object({
  id2label: z.record(z.string(), z.string()).nullish(),
  problem_type: z.string().nullish(),
  architectures: z.array(z.string()).nullish(),
});

/** Pillow's numbers of its filters, by which `resample` names them. */
const FILTER_BY_NUMBER: readonly Filter[] = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"];

/** Processors whose plain `size` number means the shorter edge, not a square. */
const SHORTEST_EDGE_CLASSES =
  /^(CLIP|ConvNext|LeViT|Levit|MobileNetV1|MobileNetV2|PoolFormer|Bit|Videomae|Vivit)/i;

/** Processors with DETR's own rule for the longer edge's limit. */
const HALF_EVEN_CLASSES = /^(ConditionalDetr|DeformableDetr|Detr|GroundingDino|RTDetr)/;

/**
 * Returns what `preprocessor_config.json` says of the pixels; undefined when there is none.
 *
 * @throws {StartupError} when a value is out of range or asks for something that is not served.
 * @see huggingface/transformers `image_processing_utils.py`, `image_transforms.py`
 */
export function readPreprocessorConfig(folder: string): RecipeSource | undefined {
  const path = join(folder, "preprocessor_config.json");
  const stated = readJsonFile(path, preprocessorSchema);
  if (stated === undefined) return undefined;
  const normalise = stated.do_normalize ?? true;
  const mean = stated.image_mean ?? stated.mean;
  const std = stated.image_std ?? stated.std;
  const channels = stated.do_flip_channel_order ? "BGR" : "RGB";
  const { resize, centerCrop } = readSizes(path, stated);
  return {
    origin: "preprocessor_config.json",
    values: {
      color: channels,
      ...(resize === undefined ? {} : { resize }),
      centerCrop,
      rescaleFactor: (stated.do_rescale ?? true) ? (stated.rescale_factor ?? 1 / 255) : 1,
      rescaleOffset: stated.rescale_offset ? -1 : 0,
      ...padding(path, stated),
      ...(normalise && mean != null ? { mean: toList(mean) } : {}),
      ...(normalise && std != null ? { std: toList(std) } : {}),
      ...(normalise ? {} : { mean: [0], std: [1] }),
    },
  };
}

/** Returns what `config.json` says of the outputs; undefined when there is none. */
export function readModelConfig(folder: string): RecipeSource | undefined {
  const path = join(folder, "config.json");
  const stated = readJsonFile(path, configSchema);
  if (stated === undefined) return undefined;
  const architecture = stated.architectures?.[0] ?? "";
  return {
    origin: "config.json",
    values: {
      ...(stated.id2label == null ? {} : { labels: labelsByIndex(path, stated.id2label) }),
      ...(stated.problem_type === "multi_label_classification"
        ? { activation: "sigmoid" as const, multiLabel: true }
        : {}),
      ...(stated.problem_type === "single_label_classification" ? { activation: "softmax" as const } : {}),
      ...(stated.problem_type === "regression" ? { task: "regression" as const } : {}),
      ...(architecture.endsWith("ForImageClassification") && stated.problem_type !== "regression"
        ? { task: "classification" as const }
        : {}),
      ...(architecture.endsWith("ForObjectDetection") ? { task: "detection" as const } : {}),
      ...(architecture.endsWith("ForSemanticSegmentation") ? { task: "segmentation" as const } : {}),
    },
  };
}

/**
 * Without `pad_size` an image is only padded to the largest of its batch; rows are batched when they are alike.
 *
 * @see huggingface/transformers `models/detr/image_processing_detr.py` pad, `models/sam/image_processing_sam.py`
 */
function padding(path: string, stated: Preprocessor): { readonly padTo?: Size } {
  if (!stated.do_pad) return {};
  if (
    stated.size_divisor != null ||
    stated.size_divisibility != null ||
    typeof stated.pad_size === "number"
  ) {
    throw new StartupError(
      `${path}: do_pad to a multiple of pixels is not served: set it to false, or give pad_size with height and width`,
    );
  }
  return stated.pad_size == null ? {} : { padTo: stated.pad_size };
}

function toList(value: number | readonly number[]): readonly number[] {
  return typeof value === "number" ? [value] : value;
}

function readSizes(
  path: string,
  stated: Preprocessor,
): { readonly resize: Resize | false | undefined; readonly centerCrop: Size | false } {
  const cropSize = typeof stated.crop_size === "number" ? square(stated.crop_size) : stated.crop_size;
  const centerCrop = stated.do_center_crop ? (cropSize ?? false) : false;
  if (stated.do_center_crop && cropSize == null)
    throw new StartupError(`${path}: do_center_crop without crop_size`);
  if (!(stated.do_resize ?? true)) return { resize: false, centerCrop };
  if (stated.size == null) return { resize: undefined, centerCrop };
  const filter = FILTER_BY_NUMBER[stated.resample ?? 2] ?? "bilinear";
  const name = stated.image_processor_type ?? stated.feature_extractor_type ?? "";
  const edge = shortestEdge(stated.size, name);
  if (name.startsWith("ConvNext") && edge !== undefined) return convNextSizes(edge, stated.crop_pct, filter);
  if (edge !== undefined) {
    const longest = typeof stated.size === "object" ? stated.size.longest_edge : undefined;
    const rounding = HALF_EVEN_CLASSES.test(name) ? { maxEdgeRounding: "half_even" as const } : {};
    const limit = longest == null ? {} : { maxEdgePixels: longest, ...rounding };
    const edgePixels = resizedEdge(edge, name, stated.crop_pct);
    return { resize: { kind: "shortest_edge", edgePixels, ...limit, filter }, centerCrop };
  }
  if (typeof stated.size === "object") {
    const { longest_edge: longest, max_height: height, max_width: width } = stated.size;
    if (longest != null) return { resize: { kind: "longest_edge", edgePixels: longest, filter }, centerCrop };
    if (height != null && width != null) {
      return { resize: { kind: "fit", size: { height, width }, filter }, centerCrop };
    }
  }
  return { resize: { kind: "exact", size: exactSize(path, stated.size), filter }, centerCrop };
}

function shortestEdge(size: NonNullable<Preprocessor["size"]>, name: string): number | undefined {
  if (typeof size === "number") return SHORTEST_EDGE_CLASSES.test(name) ? size : undefined;
  return size.shortest_edge ?? undefined;
}

/**
 * Some processors resize to a larger edge than `size` says; `crop_size` then cuts the middle out.
 *
 * @see huggingface/transformers `models/levit/image_processing_levit.py`,
 * `models/poolformer/image_processing_poolformer.py` resize
 */
function resizedEdge(edge: number, name: string, cropShare: number | null | undefined): number {
  if (/^levit/i.test(name)) return Math.trunc((256 / 224) * edge);
  return name.startsWith("PoolFormer") && cropShare != null ? Math.trunc(edge / cropShare) : edge;
}

function exactSize(path: string, size: NonNullable<Preprocessor["size"]>): Size {
  if (typeof size === "number") return square(size);
  const { height, width } = size;
  if (height != null && width != null) return { height, width };
  const keys = Object.keys(size).join(", ");
  throw new StartupError(
    `${path}: size with ${keys} is not served: give height and width, shortest_edge, longest_edge, or max_height and max_width`,
  );
}

/**
 * ConvNext resizes to a larger edge and cuts the middle out, but squashes from 384 pixels on.
 *
 * @see huggingface/transformers `models/convnext/image_processing_convnext.py` resize
 */
function convNextSizes(
  edge: number,
  cropShare: number | null | undefined,
  filter: Filter,
): { readonly resize: Resize; readonly centerCrop: Size | false } {
  if (edge >= 384) return { resize: { kind: "exact", size: square(edge), filter }, centerCrop: false };
  const edgePixels = Math.trunc(edge / (cropShare ?? 224 / 256));
  return { resize: { kind: "shortest_edge", edgePixels, filter }, centerCrop: square(edge) };
}

function square(edge: number): Size {
  return { height: edge, width: edge };
}
