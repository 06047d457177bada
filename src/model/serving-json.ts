import { join } from "node:path";
import { z } from "zod";
import { StartupError } from "../errors.ts";
import {
  CROP_ROUNDINGS,
  type CropRounding,
  CV2_FILTERS,
  FILTERS,
  type Filter,
  MAX_BANDS,
  PAD_METHODS,
  PAD_MODES,
  type PadMode,
  type Resize,
} from "../image/preprocess-spec.ts";
import type { Size } from "../image/raster.ts";
import { DETECTORS } from "../signature/detection-outputs.ts";
import { PARAMETER_RULES, type ParameterRule } from "../signature/signature-parameters.ts";
import { contains } from "./check-in-folder.ts";
import { parseLabelLines } from "./label-files.ts";
import { readJsonFile } from "./read-json-file.ts";
import { readTextFile } from "./read-text-file.ts";
import type { RecipeSource, RecipeValues } from "./recipe.ts";

const pixels = z.int().min(1).max(65_535);
const size = z.strictObject({ height: pixels, width: pixels });
const filter = z.enum([...FILTERS, ...CV2_FILTERS]);

/** How an image of another aspect is brought to an exact size. */
const METHODS = ["squish", "crop", "pad", "letterbox"] as const;

const resize = z.union([
  z.literal(false),
  z.strictObject({
    height: pixels,
    width: pixels,
    method: z.enum(METHODS).optional(),
    fill: z.int().min(0).max(255).optional(),
    stride: pixels.optional(),
    pad_mode: z.enum(PAD_MODES).optional(),
    filter: filter.optional(),
  }),
  z.strictObject({ shortest_edge: pixels, longest_edge: pixels.optional(), filter: filter.optional() }),
  z.strictObject({ longest_edge: pixels, filter: filter.optional() }),
  z.strictObject({ max_height: pixels, max_width: pixels, filter: filter.optional() }),
]);

const padTo = z.union([
  z.literal(false),
  size,
  z.strictObject({ multiple_of: z.int().min(2).max(65_535), method: z.enum(PAD_METHODS).optional() }),
]);

const channelNumbers = z.array(z.number()).min(1).max(MAX_BANDS);

const bounded = ({ minimum, maximum, isWhole }: ParameterRule) =>
  (isWhole ? z.int() : z.number())
    .min(minimum)
    .max(maximum ?? Number.MAX_SAFE_INTEGER)
    .optional();

/** What `serving.json` may say; docs/serving-json.md explains each key, and a test holds the two together. */
export interface ServingJson {
  readonly task?: "classification" | "segmentation" | "detection" | "regression" | "generic" | undefined;
  readonly output?: string | undefined;
  /** A list, or the name of a file with a label on each line. */
  readonly labels?: readonly string[] | string | undefined;
  readonly output_layout?: "CHW" | "HWC" | undefined;
  readonly activation?: "softmax" | "sigmoid" | "none" | undefined;
  readonly multi_label?: boolean | undefined;
  readonly detector?: (typeof DETECTORS)[number] | undefined;
  readonly first_label?: number | undefined;
  /** What a request may set in its own `parameters`. */
  readonly parameters?:
    | {
        readonly k?: number | undefined;
        readonly score_threshold?: number | undefined;
        readonly iou_threshold?: number | undefined;
        readonly max_detections?: number | undefined;
      }
    | undefined;
  readonly preprocess?:
    | {
        readonly color?: "RGB" | "BGR" | "L" | "bands" | undefined;
        readonly resize?: StatedResize | undefined;
        readonly center_crop?: false | Size | undefined;
        readonly crop_fill?: readonly number[] | undefined;
        readonly pad_to?: StatedPadding | undefined;
        readonly crop_rounding?: CropRounding | undefined;
        readonly rescale_factor?: number | undefined;
        readonly rescale_offset?: number | undefined;
        readonly mean?: readonly number[] | undefined;
        readonly std?: readonly number[] | undefined;
      }
    | undefined;
}

type StatedResize =
  | false
  | {
      readonly height: number;
      readonly width: number;
      readonly method?: (typeof METHODS)[number] | undefined;
      readonly fill?: number | undefined;
      readonly stride?: number | undefined;
      readonly pad_mode?: PadMode | undefined;
      readonly filter?: Filter | undefined;
    }
  | {
      readonly shortest_edge: number;
      readonly longest_edge?: number | undefined;
      readonly filter?: Filter | undefined;
    }
  | { readonly longest_edge: number; readonly filter?: Filter | undefined }
  | { readonly max_height: number; readonly max_width: number; readonly filter?: Filter | undefined };

type StatedPadding =
  | false
  | Size
  | { readonly multiple_of: number; readonly method?: (typeof PAD_METHODS)[number] | undefined };

/** The schema of {@link ServingJson}; a key that it does not hold is refused. */
export const servingJsonSchema: z.ZodType<ServingJson> = z.strictObject({
  task: z.enum(["classification", "segmentation", "detection", "regression", "generic"]).optional(),
  output: z.string().optional(),
  labels: z.union([z.array(z.string()).min(1), z.string()]).optional(),
  output_layout: z.enum(["CHW", "HWC"]).optional(),
  activation: z.enum(["softmax", "sigmoid", "none"]).optional(),
  multi_label: z.boolean().optional(),
  detector: z.enum(DETECTORS).optional(),
  first_label: z.int().min(0).max(1).optional(),
  parameters: z
    .strictObject({
      k: bounded(PARAMETER_RULES.k),
      score_threshold: bounded(PARAMETER_RULES.scoreThreshold),
      iou_threshold: bounded(PARAMETER_RULES.iouThreshold),
      max_detections: bounded(PARAMETER_RULES.maxDetections),
    })
    .optional(),
  preprocess: z
    .strictObject({
      color: z.enum(["RGB", "BGR", "L", "bands"]).optional(),
      resize: resize.optional(),
      center_crop: z.union([z.literal(false), size]).optional(),
      crop_fill: z.array(z.int().min(0).max(255)).min(1).max(3).optional(),
      pad_to: padTo.optional(),
      crop_rounding: z.enum(CROP_ROUNDINGS).optional(),
      rescale_factor: z.number().optional(),
      rescale_offset: z.number().optional(),
      mean: channelNumbers.optional(),
      std: channelNumbers.optional(),
    })
    .optional(),
});

const FILE = "serving.json";

/**
 * Returns what `serving.json` in the folder says; undefined when there is none.
 *
 * @throws {StartupError} when it is no JSON, has an unknown key or a value out of range; the line names the key.
 */
export function readServingJson(folder: string, modelDir: string = folder): RecipeSource | undefined {
  const path = join(folder, FILE);
  const content = readJsonFile(path, servingJsonSchema, modelDir);
  if (content === undefined) return undefined;
  const { preprocess = {} } = content;
  const values: { [Name in keyof RecipeValues]?: RecipeValues[Name] | undefined } = {
    task: content.task,
    output: content.output,
    labels: readLabels(folder, modelDir, content.labels),
    outputLayout: content.output_layout,
    activation: content.activation,
    multiLabel: content.multi_label,
    detector: content.detector,
    firstLabel: content.first_label,
    parameters: toParameters(content.parameters),
    color: preprocess.color,
    resize: preprocess.resize === undefined ? undefined : toResize(preprocess.resize),
    centerCrop: preprocess.center_crop,
    cropFill: preprocess.crop_fill,
    padTo: preprocess.pad_to === undefined ? undefined : toPadding(preprocess.pad_to),
    cropRounding: preprocess.crop_rounding,
    rescaleFactor: preprocess.rescale_factor,
    rescaleOffset: preprocess.rescale_offset,
    mean: preprocess.mean,
    std: preprocess.std,
  };
  refuseStrayKeys(path, preprocess.resize);
  refuseWideCrop(path, values.resize, values.centerCrop);
  return { origin: FILE, values: withoutUndefined(values) };
}

function toParameters(stated: ServingJson["parameters"]): RecipeValues["parameters"] | undefined {
  if (stated === undefined) return undefined;
  return withoutUndefined({
    k: stated.k,
    scoreThreshold: stated.score_threshold,
    iouThreshold: stated.iou_threshold,
    maxDetections: stated.max_detections,
  });
}

function toResize(stated: StatedResize): Resize | false {
  if (stated === false) return false;
  const { filter: name = "bilinear" } = stated;
  if ("height" in stated) {
    const { height, width, method = "squish", fill = 114, stride, pad_mode: padMode } = stated;
    const to = { size: { height, width }, filter: name };
    if (method === "letterbox") {
      return { kind: method, ...to, fill, ...(stride === undefined ? {} : { stride }) };
    }
    if (method === "pad") return { kind: method, ...to, ...(padMode === undefined ? {} : { padMode }) };
    return { kind: method === "squish" ? "exact" : method, ...to };
  }
  if ("max_height" in stated) {
    return { kind: "fit", size: { height: stated.max_height, width: stated.max_width }, filter: name };
  }
  if (!("shortest_edge" in stated)) {
    return { kind: "longest_edge", edgePixels: stated.longest_edge, filter: name };
  }
  return {
    kind: "shortest_edge",
    edgePixels: stated.shortest_edge,
    ...(stated.longest_edge === undefined ? {} : { maxEdgePixels: stated.longest_edge }),
    filter: name,
  };
}

function toPadding(stated: StatedPadding): RecipeValues["padTo"] {
  if (stated === false || "height" in stated) return stated;
  return { multipleOf: stated.multiple_of, method: stated.method ?? "zeros" };
}

function readLabels(
  folder: string,
  modelDir: string,
  labels: readonly string[] | string | undefined,
): readonly string[] | undefined {
  if (typeof labels !== "string") return labels;
  const path = join(folder, labels);
  if (!contains(folder, path)) {
    throw new StartupError(`${join(folder, FILE)}: labels: ${labels} is outside the model's folder`);
  }
  const text = readTextFile(path, modelDir);
  if (text !== undefined) return parseLabelLines(text);
  throw new StartupError(`${join(folder, FILE)}: labels: ${labels} does not exist`);
}

/** A key of another method would be of no effect: a slip, not a wish. */
function refuseStrayKeys(path: string, stated: StatedResize | undefined): void {
  if (!stated || !("height" in stated)) return;
  const { method = "squish" } = stated;
  for (const [key, its] of Object.entries({ fill: "letterbox", stride: "letterbox", pad_mode: "pad" })) {
    if (key in stated && method !== its) {
      throw new StartupError(`${path}: preprocess.resize.${key} is for method ${its}, not ${method}`);
    }
  }
}

/** A crop past an exact size would only add zeros: a slip, not a wish. */
function refuseWideCrop(
  path: string,
  resized: Resize | false | undefined,
  crop: Size | false | undefined,
): void {
  if (resized === undefined || resized === false || resized.kind !== "exact" || !crop) return;
  if (crop.height > resized.size.height || crop.width > resized.size.width) {
    throw new StartupError(
      `${path}: preprocess.center_crop ${crop.height}x${crop.width} is larger than preprocess.resize ${resized.size.height}x${resized.size.width}`,
    );
  }
}

function withoutUndefined<Values extends object>(
  values: Values,
): { [Name in keyof Values]?: NonNullable<Values[Name]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Values]?: NonNullable<Values[Name]>;
  };
}
