import { StartupError } from "../errors.ts";
import { paddedSize } from "../image/padded-size.ts";
import type { PreprocessSpec, Resize } from "../image/preprocess-spec.ts";
import type { Size } from "../image/raster.ts";
import { formatShape } from "../tensor/tensor.ts";
import type { ImageInput } from "./image-input.ts";
import type { Recipe } from "./recipe.ts";

/** The preprocessing, where each of its values came from, and what a practised engineer would warn of. */
export interface ChosenPreprocess {
  readonly spec: PreprocessSpec;
  readonly origins: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

const DEFAULT_ORIGIN = "default";
const GRAPH_ORIGIN = "the graph's input shape";

/**
 * Completes what the model folder says with what the graph shows and with defaults.
 *
 * @throws {StartupError} when the values contradict each other or the graph; the line names the key and its file.
 */
export function choosePreprocess(input: ImageInput, recipe: Recipe): ChosenPreprocess {
  const { values } = recipe;
  const origins: Record<string, string> = { ...recipe.origins };
  const pick = <Value>(name: string, stated: Value | undefined, fallback: Value, origin: string): Value => {
    if (stated === undefined) origins[name] = origin;
    return stated ?? fallback;
  };
  const color = pick("color", values.color, usualColor(input), GRAPH_ORIGIN);
  const channels = countChannels(color, input, recipe);
  const size = { height: input.height ?? 0, width: input.width ?? 0 };
  const isFixed = size.height > 0 && size.width > 0;
  const graphResize = isFixed ? ({ kind: "exact", size, filter: "bilinear" } as const) : false;
  const resize = pick("resize", values.resize, graphResize, isFixed ? GRAPH_ORIGIN : DEFAULT_ORIGIN);
  const centerCrop = pick("centerCrop", values.centerCrop, false, DEFAULT_ORIGIN);
  const spec: PreprocessSpec = {
    color,
    ...(resize === false ? {} : { resize }),
    ...(centerCrop === false ? {} : { centerCrop }),
    ...(values.cropRounding === undefined ? {} : { cropRounding: values.cropRounding }),
    ...(values.cropFill === undefined
      ? {}
      : { cropFill: perChannel("cropFill", values.cropFill, channels, origins) }),
    ...(values.padTo === undefined || values.padTo === false ? {} : { padTo: values.padTo }),
    rescaleFactor: pick("rescaleFactor", values.rescaleFactor, 1 / 255, DEFAULT_ORIGIN),
    ...(values.rescaleFactor === undefined ? { isFactorForBytes: true } : {}),
    rescaleOffset: pick("rescaleOffset", values.rescaleOffset, 0, DEFAULT_ORIGIN),
    mean: perChannel("mean", pick("mean", values.mean, [0], DEFAULT_ORIGIN), channels, origins),
    std: perChannel("std", pick("std", values.std, [1], DEFAULT_ORIGIN), channels, origins),
    layout: input.layout,
    dtype: input.dtype,
  };
  checkStd(spec.std, origins);
  checkMethod(spec, origins);
  checkAgainstGraph(input, spec, channels, origins);
  return { spec, origins, warnings: input.dtype === "uint8" ? [] : warningsOf(spec, values) };
}

function usualColor({ channels }: ImageInput): PreprocessSpec["color"] {
  if (channels === 1) return "L";
  return channels === undefined || channels === 3 ? "RGB" : "bands";
}

function countChannels(
  color: PreprocessSpec["color"],
  input: ImageInput,
  { values, origins }: Recipe,
): number {
  if (color !== "bands") return color === "L" ? 1 : 3;
  const channels = input.channels ?? Math.max(values.mean?.length ?? 1, values.std?.length ?? 1);
  if (input.channels !== undefined || channels > 1) return channels;
  throw new StartupError(
    `${origins.color}: color bands, but the model's input says no number of bands: give preprocess.mean a number for each`,
  );
}

function warningsOf({ color }: PreprocessSpec, values: Recipe["values"]): readonly string[] {
  const isNormalised = values.mean !== undefined || values.std !== undefined;
  if (color === "bands" && values.rescaleFactor === undefined) {
    const found = isNormalised ? "no rescale_factor found" : "no normalisation found";
    return [
      `${found}: bands of uint8 are divided by 255, others keep their numbers; say how in serving.json (preprocess.rescale_factor, preprocess.mean, preprocess.std)`,
    ];
  }
  if (isNormalised || color === "bands") return [];
  return [
    "no normalisation found: pixels are divided by 255 and nothing else; say how in serving.json (preprocess.mean, preprocess.std)",
  ];
}

function perChannel(
  name: string,
  stated: readonly number[],
  channels: number,
  origins: Readonly<Record<string, string>>,
): readonly number[] {
  if (stated.length === channels) return stated;
  const [only, ...more] = stated;
  if (only !== undefined && more.length === 0) return new Array<number>(channels).fill(only);
  throw new StartupError(`${origins[name]}: ${name} has ${stated.length} numbers for ${channels} channels`);
}

function checkStd(std: readonly number[], origins: Readonly<Record<string, string>>): void {
  if (std.every((value) => value > 0 && Number.isFinite(value))) return;
  throw new StartupError(`${origins.std}: std holds ${std.join(", ")}; every value must be above 0`);
}

/** fastai's methods and the letterbox make the whole row: no crop or padding follows them. */
function checkMethod(spec: PreprocessSpec, origins: Readonly<Record<string, string>>): void {
  const { kind } = spec.resize ?? {};
  if (kind !== "crop" && kind !== "pad" && kind !== "letterbox" && kind !== "share") return;
  const after = spec.centerCrop === undefined ? "padTo" : "centerCrop";
  if (spec[after] === undefined) return;
  throw new StartupError(
    `${origins.resize}: preprocess.resize.method ${kind} makes the whole row, but ${origins[after]} has a ${after === "padTo" ? "padding" : "center_crop"} after it`,
  );
}

function checkAgainstGraph(
  input: ImageInput,
  spec: PreprocessSpec,
  channels: number,
  origins: Readonly<Record<string, string>>,
): void {
  if (input.channels !== undefined && input.channels !== channels) {
    throw new StartupError(
      `${origins.color}: color ${spec.color} gives ${channels} channels, but the model takes ${input.channels}${usualColor(input) === "bands" ? ': say "color": "bands" in serving.json (preprocess) to feed it raw arrays' : ""}`,
    );
  }
  const given = rowSize(spec);
  if (given === undefined) return;
  const cropOrResize = spec.centerCrop === undefined ? "resize" : "centerCrop";
  const key = spec.padTo === undefined ? cropOrResize : "padTo";
  const fits =
    (input.height ?? given.height) === given.height && (input.width ?? given.width) === given.width;
  if (fits) return;
  throw new StartupError(
    `${origins[key]}: ${key} gives ${given.height}x${given.width} pixels, but the model takes ${formatShape([input.height ?? "height", input.width ?? "width"])}`,
  );
}

/** The kinds of a resize to exactly its `size`. */
const EXACT: ReadonlySet<Resize["kind"]> = new Set(["exact", "crop", "pad", "share", "letterbox"]);

/** Returns the size of every row, or undefined when it depends on the image. */
export function rowSize(spec: PreprocessSpec): Size | undefined {
  if (spec.padTo !== undefined && "height" in spec.padTo) return spec.padTo;
  const { resize } = spec;
  const isExact =
    resize !== undefined &&
    "size" in resize &&
    EXACT.has(resize.kind) &&
    !(resize.kind === "letterbox" && resize.stride !== undefined);
  const kept = spec.centerCrop ?? (isExact ? resize.size : undefined);
  if (kept === undefined) return undefined;
  const { height, width } = paddedSize(kept, spec.padTo);
  return { height, width };
}

/** Returns the shape of a row, `[C, H, W]` or `[H, W, C]`; undefined when it depends on the image. */
export function rowShape(spec: PreprocessSpec): number[] | undefined {
  const size = rowSize(spec);
  if (size === undefined) return undefined;
  const { length: channels } = spec.mean;
  return spec.layout === "CHW" ? [channels, size.height, size.width] : [size.height, size.width, channels];
}
