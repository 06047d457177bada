import { excerpt, StartupError } from "../errors.ts";
import { MAX_BANDS } from "../image/preprocess-spec.ts";
import { readImageMetadata } from "./image-metadata.ts";
import { labelsByIndex } from "./label-files.ts";
import { type PythonValue, parsePythonLiteral } from "./python-literal.ts";
import type { RecipeSource, RecipeValues } from "./recipe.ts";

type Metadata = Readonly<Record<string, string>>;
type Values = Partial<RecipeValues>;

/**
 * Returns what the metadata inside the ONNX file says, one source for each convention that it follows:
 * Ultralytics', deepness' and ONNX's own `Image.*` keys.
 *
 * @param path of the ONNX file, for messages
 * @throws {StartupError} when a value is not what its convention writes; the line names the file and the key.
 */
export function readOnnxMetadata(path: string, metadata: Metadata): RecipeSource[] {
  // JSON's quotes tell deepness' key from others' of that name.
  const isDeepness = metadata.model_type?.startsWith('"') ?? false;
  const isUltralytics = !isDeepness && "names" in metadata && ("task" in metadata || "stride" in metadata);
  return [
    ...(isDeepness ? [readDeepness(path, metadata)] : []),
    ...(isUltralytics ? [readUltralytics(path, metadata)] : []),
    ...readImageMetadata(path, metadata),
  ];
}

/** Pixels in 0..1, not normalised further. */
const UNIT_RANGE = { rescaleFactor: 1 / 255, rescaleOffset: 0, mean: [0], std: [1] } as const;

/**
 * Ultralytics' classifiers answer softmaxed and take torchvision's resize and centre crop of `imgsz`.
 *
 * @see ultralytics/ultralytics `ultralytics/engine/exporter.py` (metadata), `ultralytics/data/augment.py`
 * classify_transforms
 */
function readUltralytics(path: string, metadata: Metadata): RecipeSource {
  const labels = readLabels(path, metadata, "names");
  const isClassifier = metadata.task === "classify";
  const letterbox =
    "the model was trained with letterbox (imgsz, grey 114), which is not applied: pictures are stretched to the input's size";
  return {
    origin: "metadata of the ONNX file (Ultralytics)",
    values: {
      ...UNIT_RANGE,
      ...(metadata.channels === "1" ? { color: "L" as const } : {}),
      ...(metadata.channels === "3" ? { color: "RGB" as const } : {}),
      ...(labels === undefined ? {} : { labels }),
      ...(isClassifier ? { task: "classification" as const, activation: "none" as const } : {}),
      ...(isClassifier ? classifySizes(path, metadata) : {}),
    },
    warnings: isClassifier ? [] : [{ text: letterbox, unless: "resize" }],
  };
}

function classifySizes(path: string, metadata: Metadata): Values {
  if (metadata.imgsz === undefined) return {};
  const stated = parse(path, metadata, "imgsz");
  const [height, width] = typeof stated === "number" ? [stated, stated] : asNumbers(stated);
  if (!isEdge(height) || !isEdge(width)) {
    throw unexpected(path, "imgsz", "[height, width]", metadata.imgsz);
  }
  const size = { height, width };
  const resize =
    height === width
      ? ({ kind: "shortest_edge", edgePixels: height, filter: "bilinear" } as const)
      : ({ kind: "exact", size, filter: "bilinear" } as const);
  return { resize, centerCrop: size, cropRounding: "half_even" };
}

/**
 * deepness' values are JSON; its segmentation models answer with probabilities.
 *
 * @see PUTvision/qgis-plugin-deepness `src/deepness/processing/models/model_base.py`,
 * `docs/source/creators/creators_description_classes.rst`
 */
function readDeepness(path: string, metadata: Metadata): RecipeSource {
  const type = String(parse(path, metadata, "model_type")).toLowerCase();
  const labels = readLabels(path, metadata, "class_names") ?? readLabels(path, metadata, "names");
  const mean = readNumbers(path, metadata, "standardization_mean");
  const std = readNumbers(path, metadata, "standardization_std");
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

/** `{0: 'cat', 1: 'dog'}`, `["cat", "dog"]`, or the first form in a list of one. */
function readLabels(path: string, metadata: Metadata, key: string): readonly string[] | undefined {
  if (metadata[key] === undefined) return undefined;
  let stated = parse(path, metadata, key);
  if (isList(stated) && stated.length === 1 && stated[0] instanceof Map) [stated] = stated;
  if (isList(stated) && stated.every((name) => typeof name === "string")) return stated;
  if (stated instanceof Map) {
    const names = [...stated].map(([index, name]) => [String(index), String(name)]);
    return labelsByIndex(`${path}: metadata "${key}"`, Object.fromEntries(names));
  }
  throw unexpected(path, key, "names by index", metadata[key]);
}

function readNumbers(path: string, metadata: Metadata, key: string): readonly number[] | undefined {
  const text = metadata[key];
  if (text === undefined) return undefined;
  const numbers = asNumbers(parse(path, metadata, key));
  if (numbers.length === 0 || numbers.length > MAX_BANDS) {
    throw unexpected(path, key, "a number per channel", text);
  }
  return numbers;
}

/** Returns the numbers of a list; none when it is something else. */
function asNumbers(value: PythonValue | undefined): readonly number[] {
  return isList(value) && value.every((item) => typeof item === "number") ? value : [];
}

function isList(value: PythonValue | undefined): value is readonly PythonValue[] {
  return Array.isArray(value);
}

function isEdge(size: number | undefined): size is number {
  return Number.isInteger(size) && size !== undefined && size >= 1 && size <= 65_535;
}

function parse(path: string, metadata: Metadata, key: string): PythonValue {
  try {
    return parsePythonLiteral(metadata[key] ?? "");
  } catch (error) {
    throw new StartupError(`${path}: metadata "${key}" can't be read: ${(error as Error).message}`);
  }
}

function unexpected(path: string, key: string, expected: string, text: string): StartupError {
  return new StartupError(`${path}: metadata "${key}": expected ${expected}, got ${excerpt(text)}`);
}
