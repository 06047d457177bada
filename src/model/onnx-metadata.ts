import { MAX_BANDS } from "../image/preprocess-spec.ts";
import type { Size } from "../image/raster.ts";
import { readImageMetadata } from "./image-metadata.ts";
import {
  type MetadataText,
  metadataLabels,
  metadataLiteral,
  numbersOf,
  UNIT_RANGE,
  unexpectedMetadata,
} from "./metadata-values.ts";
import type { RecipeSource } from "./recipe.ts";
import { readUltralytics } from "./ultralytics-metadata.ts";

/**
 * Returns what the metadata inside the ONNX file says, one source for each convention that it follows:
 * Ultralytics', deepness' and ONNX's own `Image.*` keys.
 *
 * @param text the path is for messages
 * @param inputSize that the graph fixes
 * @throws {StartupError} when a value is not what its convention writes; the line names the file and the key.
 */
export function readOnnxMetadata(text: MetadataText, inputSize: Size | undefined): RecipeSource[] {
  const { path, metadata } = text;
  // JSON's quotes tell deepness' key from others' of that name.
  const isDeepness = metadata.model_type?.startsWith('"') ?? false;
  const isUltralytics = !isDeepness && "names" in metadata && ("task" in metadata || "stride" in metadata);
  return [
    ...(isDeepness ? [readDeepness(text)] : []),
    ...(isUltralytics ? [readUltralytics(text, inputSize)] : []),
    ...readImageMetadata(path, metadata),
  ];
}

/**
 * deepness' values are JSON; its segmentation models answer with probabilities.
 *
 * @see PUTvision/qgis-plugin-deepness `src/deepness/processing/models/model_base.py`,
 * `docs/source/creators/creators_description_classes.rst`
 */
function readDeepness(text: MetadataText): RecipeSource {
  const type = String(metadataLiteral(text, "model_type")).toLowerCase();
  const labels = metadataLabels(text, "class_names") ?? metadataLabels(text, "names");
  const mean = channelNumbers(text, "standardization_mean");
  const std = channelNumbers(text, "standardization_std");
  return {
    origin: "metadata of the ONNX file (deepness)",
    values: {
      ...UNIT_RANGE,
      ...(mean === undefined ? {} : { mean }),
      ...(std === undefined ? {} : { std }),
      ...(labels === undefined ? {} : { labels }),
      ...(type === "segmentor" ? { task: "segmentation" as const, activation: "none" as const } : {}),
      ...(type === "regressor" || type === "superresolution" ? { task: "generic" as const } : {}),
    },
  };
}

function channelNumbers(text: MetadataText, key: string): readonly number[] | undefined {
  if (text.metadata[key] === undefined) return undefined;
  const numbers = numbersOf(metadataLiteral(text, key));
  if (numbers.length === 0 || numbers.length > MAX_BANDS)
    throw unexpectedMetadata(text, key, "a number per channel");
  return numbers;
}
