import { RunTimeModel } from "./batching/run-time-model.ts";
import { describeLanes } from "./choose-lanes.ts";
import type { CustomCode } from "./custom-code.ts";
import type { PreprocessSpec, Resize } from "./image/preprocess-spec.ts";
import type { Size } from "./image/raster.ts";
import type { Servable } from "./servable.ts";
import { offeredSignatures } from "./signature/head.ts";
import { formatShape, type TensorSpec } from "./tensor/tensor.ts";

/** A name, what is to be said of it, and where that came from. */
type Line = readonly [name: string, text: string, origin?: string | undefined];

/**
 * Returns what a reader asks of a model, a line each under a few headings, the warnings last.
 *
 * Units: milliseconds for measured runs.
 */
export function checkReport(servable: Servable): string {
  const warnings = [...servable.warnings, ...advice(servable)];
  const sections: readonly (readonly [string, readonly Line[]])[] = [
    ["Model", modelLines(servable)],
    ["Preprocessing", preprocessLines(servable)],
    ...(servable.custom === undefined ? [] : [["Custom code", hookLines(servable.custom)] as const]),
    ["Outputs", outputLines(servable)],
    ["Proof", [["golden", describeGolden(servable)]]],
    [
      warnings.length === 0 ? "No warnings" : "Warnings",
      warnings.map((text, index): Line => [`${index + 1}`, text]),
    ],
  ];
  const blocks = sections.map(([heading, lines]) => [heading, ...lines.map(formatLine)].join("\n"));
  return `${blocks.join("\n\n")}\n`;
}

function formatLine([name, text, origin]: Line): string {
  return `  ${name.padEnd(14)}  ${text}${origin === undefined ? "" : `   <- ${origin}`}`;
}

function modelLines({ info, batching, batchTimings, lanes, ...servable }: Servable): readonly Line[] {
  const { allowedBatchSizes, maxBatchSize, maxBatchSizeReason } = servable;
  const padded = allowedBatchSizes === undefined ? "" : `; padded to ${allowedBatchSizes.join(", ")}`;
  const batches = `rows, at most ${maxBatchSize} in a run: ${maxBatchSizeReason}${padded}`;
  return [
    ["file", servable.file],
    ["version", `${servable.version}`],
    ["sha256", servable.sha256.slice(0, 12)],
    ...info.inputs.map((spec): Line => ["input", describeSpec(spec)]),
    ...info.outputs.map((spec): Line => ["output", describeSpec(spec)]),
    ["batching", batching.kind === "rows" ? batches : "none: tensors are fed as they come"],
    ["lanes", `${describeLanes(lanes.count, lanes.intraOpThreads)}: ${lanes.reason}`],
    ...batchTimings.map(
      ({ batchSize, runMs }): Line => ["measured", `batch of ${batchSize}: ${runMs.toPrecision(3)} ms`],
    ),
    ...runTimeLines(batchTimings),
  ];
}

function runTimeLines(timings: Servable["batchTimings"]): readonly Line[] {
  const { line } = new RunTimeModel(timings.map(({ batchSize, runMs }) => ({ rows: batchSize, ms: runMs })));
  if (line === undefined || timings.length < 2) return [];
  const { fixedMs, rowMs } = line;
  return [["run time", `${fixedMs.toPrecision(3)} ms and ${rowMs.toPrecision(3)} ms for each row`]];
}

function preprocessLines({ preprocess, origins }: Servable): readonly Line[] {
  if (preprocess === undefined) return [["none", "the model takes plain tensors"]];
  const { isFactorForBytes: _noLine, ...stated } = preprocess;
  const lines = Object.entries(stated).map(
    ([name, value]): Line => [
      name,
      describeValue(name as keyof PreprocessSpec, value as PreprocessSpec[keyof PreprocessSpec], preprocess),
      origins[name],
    ],
  );
  return [["takes", describeAccepted(preprocess)], ...lines];
}

function describeAccepted({ color, mean }: PreprocessSpec): string {
  const arrays = `raw arrays of ${mean.length} ${mean.length === 1 ? "band" : "bands"}`;
  return color === "bands" ? `${arrays}, no pictures` : `pictures, and ${arrays}`;
}

const HOOK_PLACES = {
  decode: "before the server's own decoder",
  preprocess: "before the resize and the normalisation",
  postprocess: "answers as signature custom",
} as const;

function hookLines({ hooks, origins }: CustomCode): readonly Line[] {
  return hooks.map((hook) => [hook, HOOK_PLACES[hook], origins[hook]]);
}

function describeValue(
  name: keyof PreprocessSpec,
  value: PreprocessSpec[keyof PreprocessSpec],
  { resize, centerCrop, isFactorForBytes }: PreprocessSpec,
): string {
  if (name === "resize" && resize !== undefined) return describeResize(resize);
  if (name === "centerCrop" && centerCrop !== undefined) return describeSize(centerCrop);
  if (name === "rescaleFactor" && value === 1 / 255) {
    return isFactorForBytes ? "1/255; 1 for arrays of other types than uint8" : "1/255";
  }
  return Array.isArray(value)
    ? value.join(", ")
    : typeof value === "object"
      ? JSON.stringify(value)
      : `${value}`;
}

function describeResize(resize: Resize): string {
  switch (resize.kind) {
    case "exact":
      return `to ${describeSize(resize.size)}, ${resize.filter}`;
    case "shortest_edge": {
      const limit =
        resize.maxEdgePixels === undefined ? "" : `, the longer to at most ${resize.maxEdgePixels}`;
      const { multipleOf } = resize;
      const multiple =
        multipleOf === undefined ? "" : `, then ${multipleOf.direction} to multiples of ${multipleOf.pixels}`;
      return `shorter edge to ${resize.edgePixels}${limit}${multiple}, ${resize.filter}`;
    }
    case "longest_edge":
      return `longer edge to ${resize.edgePixels}, ${resize.filter}`;
    case "letterbox": {
      const stride = resize.stride === undefined ? "" : ` up to multiples of ${resize.stride}`;
      return `letterbox to ${describeSize(resize.size)}, grey ${resize.fill} around it${stride}, ${resize.filter}`;
    }
    case "crop":
      return `centre of the same aspect, to ${describeSize(resize.size)}, ${resize.filter}`;
    case "pad":
      return `continued (${resize.padMode ?? "reflection"}) to the aspect, to ${describeSize(resize.size)}, ${resize.filter}`;
    case "fit":
      return `as large as fits into ${describeSize(resize.size)}, ${resize.filter}`;
    case "cover":
      return `as small as covers ${describeSize(resize.size)}, ${resize.filter}`;
    default:
      return JSON.stringify(resize);
  }
}

/** Height first, as everywhere. */
function describeSize({ height, width }: Size): string {
  return `${height} x ${width} pixels (height x width)`;
}

const SHOWN_LABELS = 5;

function outputLines({ head, origins }: Servable): readonly Line[] {
  const signatures: Line = ["signatures", offeredSignatures(head).join(", ")];
  const task: Line = ["task", head.task, origins.task];
  if (!("labels" in head || "output" in head || "outputs" in head)) return [task, signatures];
  const labels: Line = ["labels", describeLabels(head.labels), origins.labels];
  if (head.task === "detection")
    return [task, ["read as", head.outputs.form, origins.detector], labels, signatures];
  return [
    task,
    ["read from", head.output, origins.output],
    ["classes", `${head.classes}`],
    labels,
    ["activation", head.activation, origins.activation],
    signatures,
  ];
}

function describeLabels(labels: readonly string[] | undefined): string {
  if (labels === undefined) return "none";
  const more = labels.length > SHOWN_LABELS ? ", ..." : "";
  return `${labels.slice(0, SHOWN_LABELS).join(", ")}${more} (${labels.length})`;
}

function describeGolden({ golden }: Servable): string {
  if (golden === undefined) return "none";
  return `passed, largest difference ${golden.largestDifference.toPrecision(3)} (tolerance ${golden.tolerance})`;
}

/** What works and could be better; a start does not log it. */
function advice({ batching, head, origins }: Servable): string[] {
  const fixed = batching.fixedBatchSize;
  // No activation changes which of several classes is the best one.
  const isUsed = !(head.task === "segmentation" && head.classes > 1);
  const guessed =
    "activation" in head && isUsed && origins.activation === "default" ? head.activation : undefined;
  return [
    ...(fixed === undefined
      ? []
      : [
          `static batch: the graph takes ${fixed} row${fixed === 1 ? "" : "s"} a run and no more; export it with a dynamic batch axis`,
        ]),
    ...(guessed !== undefined
      ? [
          `activation guessed: ${guessed}; if that is wrong, say softmax, sigmoid or none in serving.json (activation)`,
        ]
      : []),
    ...(head.task === "segmentation" && head.labels === undefined
      ? ["no labels found: classes have numbers only"]
      : []),
  ];
}

function describeSpec({ name, dtype, shape }: TensorSpec): string {
  return `${name} ${dtype} ${formatShape(shape)}`;
}
