import type { Resize } from "../image/preprocess-spec.ts";
import type { Size } from "../image/raster.ts";
import {
  type MetadataText,
  metadataLabels,
  metadataLiteral,
  numbersOf,
  UNIT_RANGE,
  unexpectedMetadata,
} from "./metadata-values.ts";
import type { RecipeSource, RecipeValues } from "./recipe.ts";

type Values = Partial<RecipeValues>;

/**
 * Returns how `YOLO("model.onnx").predict` feeds the model and reads it.
 *
 * @param inputSize that the graph fixes; without one the letterbox ends at the next multiple of the model's stride.
 * @throws {StartupError} when a value is not what Ultralytics writes; the line names the file and the key.
 * @see ultralytics/ultralytics `ultralytics/engine/exporter.py` (metadata), `ultralytics/engine/predictor.py`
 * pre_transform, `ultralytics/data/augment.py` LetterBox, classify_transforms
 */
export function readUltralytics(text: MetadataText, inputSize: Size | undefined): RecipeSource {
  const { metadata } = text;
  const labels = metadataLabels(text, "names");
  const { values, warning } = readTask(text, labels);
  return {
    origin: "metadata of the ONNX file (Ultralytics)",
    values: {
      ...UNIT_RANGE,
      ...(metadata.channels === "1" ? { color: "L" as const } : {}),
      ...(metadata.channels === "3" ? { color: "RGB" as const } : {}),
      ...(labels === undefined ? {} : { labels }),
      ...values,
      ...(metadata.task === "classify" ? classifySizes(text) : { resize: resizeOf(text, inputSize) }),
    },
    warnings: warning === undefined ? [] : [{ text: warning }],
  };
}

function readTask(
  text: MetadataText,
  labels: readonly string[] | undefined,
): { readonly values: Values; readonly warning?: string } {
  const { task } = text.metadata;
  if (isTransformer(text)) {
    return {
      values: { task: "generic" },
      warning: "RT-DETR of Ultralytics: boxes are in serving_default only",
    };
  }
  const classes = labels === undefined ? {} : { classes: labels.length };
  const boxes = { task: "detection", ...formOf(text) } as const;
  switch (task) {
    case "classify":
      return { values: { task: "classification", activation: "none" } };
    case "detect":
      return { values: boxes };
    case "segment":
      return {
        values: { ...boxes, ...classes },
        warning:
          "task segment: boxes are answered; mask coefficients and prototypes are in serving_default only",
      };
    case "pose":
      return {
        values: { ...boxes, ...classes },
        warning: "task pose: boxes are answered; key points are in serving_default only",
      };
    case "obb":
      return {
        values: { task: "generic" },
        warning: "task obb: rotated boxes are in serving_default only, in pixels of the input",
      };
    default:
      return { values: {} };
  }
}

/** Their predictor stretches the picture for RT-DETR, whose boxes are in 0..1. */
function isTransformer({ metadata }: MetadataText): boolean {
  return metadata.head === "RTDETRDecoder" || /rtdetr/i.test(metadata.description ?? "");
}

/** Older exports don't say; the output's shape does. */
function formOf(text: MetadataText): Values {
  const { metadata } = text;
  if (metadata.args === undefined && metadata.end2end === undefined) return {};
  const args = metadata.args === undefined ? undefined : metadataLiteral(text, "args");
  const hasNms = metadata.end2end === "True" || (args instanceof Map && args.get("nms") === true);
  if (hasNms) return { detector: "ultralytics_nms" };
  return metadata.end2end === undefined ? {} : { detector: "ultralytics" };
}

function resizeOf(text: MetadataText, inputSize: Size | undefined): Resize {
  const size = inputSize ?? statedSize(text) ?? { height: DEFAULT_EDGE, width: DEFAULT_EDGE };
  if (isTransformer(text)) return { kind: "exact", size, filter: "cv2_linear" };
  const letterbox = { kind: "letterbox", size, fill: 114, filter: "cv2_linear" } as const;
  return inputSize === undefined ? { ...letterbox, stride: strideOf(text) } : letterbox;
}

/** What their predictor takes where nothing says. */
const DEFAULT_EDGE = 640;
const DEFAULT_STRIDE = 32;

function strideOf(text: MetadataText): number {
  if (text.metadata.stride === undefined) return DEFAULT_STRIDE;
  const stride = Number(text.metadata.stride);
  if (!isEdge(stride)) throw unexpectedMetadata(text, "stride", "a number of pixels");
  return stride;
}

/** Their classifiers answer softmaxed and take torchvision's resize and centre crop of `imgsz`. */
function classifySizes(text: MetadataText): Values {
  const size = statedSize(text);
  if (size === undefined) return {};
  const { height, width } = size;
  const resize =
    height === width
      ? ({ kind: "shortest_edge", edgePixels: height, filter: "bilinear" } as const)
      : ({ kind: "exact", size, filter: "bilinear" } as const);
  return { resize, centerCrop: size, cropRounding: "half_even" };
}

function statedSize(text: MetadataText): Size | undefined {
  if (text.metadata.imgsz === undefined) return undefined;
  const stated = metadataLiteral(text, "imgsz");
  const [height, width] = typeof stated === "number" ? [stated, stated] : numbersOf(stated);
  if (!isEdge(height) || !isEdge(width)) throw unexpectedMetadata(text, "imgsz", "[height, width]");
  return { height, width };
}

function isEdge(size: number | undefined): size is number {
  return Number.isInteger(size) && size !== undefined && size >= 1 && size <= 65_535;
}
