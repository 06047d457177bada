import { MAX_BANDS } from "../image/preprocess-spec.ts";
import type { SessionInfo } from "../runtime/session.ts";
import type { Dimension } from "../tensor/tensor.ts";
import type { Recipe } from "./recipe.ts";
import { isUnbatchedDetector } from "./unbatched-detector.ts";

/** A model's only input, read as a picture or as bands of one size. */
export interface ImageInput {
  readonly name: string;
  readonly layout: "CHW" | "HWC";
  readonly dtype: "float32" | "float16" | "uint8";
  /** Undefined where the graph leaves it open. */
  readonly channels: number | undefined;
  readonly height: number | undefined;
  readonly width: number | undefined;
}

const CHANNELS: ReadonlySet<Dimension | undefined> = new Set([1, 3]);

/**
 * Returns the input as a picture when it can be one: the only input, four dimensions of a pixel type (three where torchvision's
 * detectors take one picture),
 * and 1 or 3 channels at axis 1 or 3; else up to {@link MAX_BANDS} bands there, fewer than the height and the width
 * that the graph fixes. Where the graph leaves both axes open, `[N, C, H, W]` is meant, and only if a file describes
 * the preprocessing.
 */
export function findImageInput({ inputs, outputs }: SessionInfo, recipe: Recipe): ImageInput | undefined {
  const [input, ...more] = inputs;
  if (input === undefined || more.length > 0) return undefined;
  const shape = input.shape.length === 3 && isUnbatchedDetector(outputs) ? [1, ...input.shape] : input.shape;
  if (shape.length !== 4) return undefined;
  const { dtype } = input;
  if (dtype !== "float32" && dtype !== "float16" && dtype !== "uint8") return undefined;
  const [, first, second, third] = shape;
  const layout = findLayout(shape.slice(1), recipe);
  if (layout === undefined) return undefined;
  const isHwc = layout === "HWC";
  const [channels, height, width] = isHwc ? [third, first, second] : [first, second, third];
  return {
    name: input.name,
    layout,
    dtype,
    channels: known(channels),
    height: known(height),
    width: known(width),
  };
}

/** Channels first where both ends look like channels. */
function findLayout(row: readonly Dimension[], { values }: Recipe): ImageInput["layout"] | undefined {
  const [first, second, third] = row;
  if (CHANNELS.has(first)) return "CHW";
  if (CHANNELS.has(third)) return "HWC";
  if (areBands(first, [second, third])) return "CHW";
  if (areBands(third, [first, second])) return "HWC";
  const isDescribed = values.mean !== undefined || values.resize !== undefined;
  return typeof first === "string" && isDescribed ? "CHW" : undefined;
}

/** Feature maps have more channels than pixels; pictures of bands have not. */
function areBands(size: Dimension | undefined, edges: readonly (Dimension | undefined)[]): boolean {
  const isCount = typeof size === "number" && size >= 1 && size <= MAX_BANDS;
  return isCount && edges.every((edge) => typeof edge !== "number" || edge > size);
}

function known(size: Dimension | undefined): number | undefined {
  return typeof size === "number" ? size : undefined;
}
