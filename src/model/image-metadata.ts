import { excerpt } from "../errors.ts";
import type { RecipeSource, RecipeValues } from "./recipe.ts";

type Values = Partial<RecipeValues>;

const COLORS: Readonly<Record<string, Values>> = {
  Gray8: { color: "L" },
  Rgb8: { color: "RGB" },
  Bgr8: { color: "BGR" },
};

const RANGES: Readonly<Record<string, Values>> = {
  NominalRange_0_255: { rescaleFactor: 1, rescaleOffset: 0, mean: [0], std: [1] },
  Normalized_0_1: { rescaleFactor: 1 / 255, rescaleOffset: 0, mean: [0], std: [1] },
  Normalized_1_1: { rescaleFactor: 2 / 255, rescaleOffset: -1, mean: [0], std: [1] },
  NominalRange_16_235: { rescaleFactor: 219 / 255, rescaleOffset: 16, mean: [0], std: [1] },
};

/** Images come as they are stored, which is sRGB. */
const GAMMAS: Readonly<Record<string, Values>> = { SRGB: {} };

const KEYS = [
  ["Image.BitmapPixelFormat", COLORS, "color"],
  ["Image.NominalPixelRange", RANGES, "rescaleFactor"],
  ["Image.ColorSpaceGamma", GAMMAS, "rescaleFactor"],
] as const;

/**
 * Returns what ONNX's own image keys say, at most one source; what is not served stands in `refused`.
 *
 * @param path of the ONNX file, for messages
 * @see onnx/onnx `docs/MetadataProps.md`
 */
export function readImageMetadata(path: string, metadata: Readonly<Record<string, string>>): RecipeSource[] {
  const stated = KEYS.filter(([key]) => metadata[key] !== undefined);
  if (stated.length === 0) return [];
  const values: Values[] = [];
  const refused: Record<string, string> = {};
  for (const [key, known, name] of stated) {
    const text = metadata[key] ?? "";
    if (Object.hasOwn(known, text)) values.push(known[text] ?? {});
    else {
      refused[name] =
        `${path}: metadata "${key}" ${excerpt(text)} is not served, only ${Object.keys(known).join(", ")}: say what to do in serving.json (preprocess)`;
    }
  }
  return [{ origin: "metadata of the ONNX file (Image.*)", values: Object.assign({}, ...values), refused }];
}
