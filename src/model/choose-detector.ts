import { StartupError } from "../errors.ts";
import type { DetectionOutputs } from "../signature/detection-outputs.ts";
import type { Head } from "../signature/head.ts";
import { formatShape, type Tensor, type Tensors } from "../tensor/tensor.ts";
import type { ChosenHead } from "./chosen-head.ts";
import type { Recipe } from "./recipe.ts";

type DetectionHead = Extract<Head, { readonly task: "detection" }>;
type Form = DetectionOutputs["form"];

const FROM_OUTPUTS = "the outputs' names and shapes";

/** What `YOLO.predict` takes where nobody says. @see ultralytics/ultralytics `ultralytics/cfg/default.yaml` */
const ULTRALYTICS_PARAMETERS = { scoreThreshold: 0.25, maxDetections: 300 } as const;

/**
 * Recognises a detector by the names and shapes of its outputs; undefined when it is none, or none for sure.
 *
 * Shapes: `logits` `[Q, C]` and `pred_boxes` `[Q, 4]` (DETR) · `boxes`, `scores`, `labels` (torchvision) ·
 * `detection_boxes`, `detection_scores`, `detection_classes`, `num_detections` (TensorFlow) · `output0` alone,
 * `[4 + C, A]` or `[n, 6]` (Ultralytics).
 */
export function guessDetector(row: Tensors): Form | undefined {
  const name = (wanted: string) => findOutput(row, wanted);
  if (name("logits") !== undefined && name("pred_boxes") !== undefined) return "detr";
  if (LISTS.tensorflow.every((wanted) => name(wanted) !== undefined)) return "tensorflow";
  if (LISTS.torchvision.every((wanted) => name(wanted) !== undefined)) return "torchvision";
  const [only, ...more] = Object.entries(row);
  if (only === undefined || more.length > 0) return undefined;
  return /^output0?$/.test(only[0]) ? guessUltralytics(only[1]) : undefined;
}

const LISTS = {
  torchvision: ["boxes", "scores", "labels"],
  tensorflow: ["detection_boxes", "detection_scores", "detection_classes", "num_detections"],
} as const;

/** Anchors outnumber classes by far, and boxes that NMS left have six numbers each. */
function guessUltralytics({ shape: [first = 0, second = 0, ...more], dtype }: Tensor): Form | undefined {
  if (!dtype.startsWith("float") || more.length > 0) return undefined;
  if (second === 6) return "ultralytics_nms";
  return first > 4 && second > first ? "ultralytics" : undefined;
}

/**
 * Decides how a detector's outputs are read.
 *
 * @throws {StartupError} when they are of no known form, or do not fit the stated one or the labels.
 */
export function chooseDetector(recipe: Recipe, row: Tensors): ChosenHead {
  const { labels, parameters, detector, firstLabel } = recipe.values;
  const form = detector ?? guessDetector(row) ?? guessStated(recipe, row);
  const origins: Record<string, string> = {
    ...(detector === undefined ? { detector: FROM_OUTPUTS } : {}),
    ...(recipe.values.task === undefined ? { task: recipe.origins.detector ?? FROM_OUTPUTS } : {}),
  };
  const warnings = labels === undefined ? ["no labels found: classes have numbers only"] : [];
  const outputs = findOutputs(form, recipe, row);
  if (outputs.form === "detr" && recipe.values.activation === undefined) {
    const isSure = labels !== undefined;
    origins.activation = isSure ? "the number of labels" : "default";
    if (!isSure) {
      warnings.push(
        'softmax is guessed: say "activation" in serving.json (RT-DETR and Deformable DETR: sigmoid)',
      );
    }
  }
  checkLabels(recipe, outputs, row);
  const defaults = form === "ultralytics" || form === "ultralytics_nms" ? ULTRALYTICS_PARAMETERS : {};
  const head: DetectionHead = {
    task: "detection",
    outputs,
    ...(labels === undefined ? {} : { labels }),
    firstLabel: firstLabel ?? (form === "tensorflow" ? 1 : 0),
    parameters: { ...defaults, ...parameters },
  };
  return { head, origins, warnings };
}

/** Where the task is stated, an output of any name will do. */
function guessStated(recipe: Recipe, row: Tensors): Form {
  const names = Object.keys(row);
  const stated = recipe.values.output ?? (names.length === 1 ? names[0] : findOutput(row, "output0"));
  const output = stated === undefined ? undefined : row[stated];
  const form = output === undefined ? undefined : guessUltralytics(output);
  if (form !== undefined) return form;
  const outputs = Object.entries(row).map(([name, { shape }]) => `${name} ${formatShape(shape)}`);
  throw new StartupError(
    `${recipe.origins.task}: task detection: no known form in the outputs ${outputs.join(", ")}: say which in serving.json (detector), or task generic`,
  );
}

function findOutputs(form: Form, recipe: Recipe, row: Tensors): DetectionOutputs {
  const need = (wanted: string): string => {
    const name = findOutput(row, wanted);
    if (name !== undefined) return name;
    throw new StartupError(
      `${recipe.origins.detector ?? recipe.origins.task}: detector ${form} needs an output "${wanted}", the model gives ${Object.keys(row).join(", ")}`,
    );
  };
  switch (form) {
    case "detr": {
      const [boxes, scores] = [need("pred_boxes"), need("logits")];
      return { form, boxes, scores, activation: queryActivation(recipe, row[scores]) };
    }
    case "torchvision":
      return { form, boxes: need("boxes"), scores: need("scores"), classes: need("labels") };
    case "tensorflow":
      return {
        form,
        boxes: need("detection_boxes"),
        scores: need("detection_scores"),
        classes: need("detection_classes"),
        count: need("num_detections"),
      };
    case "ultralytics": {
      const { classes } = recipe.values;
      const output = tableOutput(form, recipe, row);
      return { form, output, ...(classes === undefined ? {} : { classes }) };
    }
    case "ultralytics_nms":
      return { form, output: tableOutput(form, recipe, row) };
  }
}

/** Exporters from TensorFlow write `detection_boxes:0`. */
function findOutput(row: Tensors, wanted: string): string | undefined {
  return Object.keys(row).find((name) => name === wanted || name === `${wanted}:0`);
}

function tableOutput(form: Form, recipe: Recipe, row: Tensors): string {
  const { output = findOutput(row, "output0") ?? Object.keys(row)[0] ?? "" } = recipe.values;
  const shape = row[output]?.shape;
  if (shape !== undefined && fitsTable(form, shape, recipe.values.classes)) return output;
  throw new StartupError(
    `${recipe.origins.detector ?? recipe.origins.task}: detector ${form} needs a row of ${form === "ultralytics" ? "[4 + classes, boxes]" : "[boxes, 6]"}, output "${output}" gives ${shape === undefined ? "nothing" : formatShape(shape)}`,
  );
}

/** More numbers to a box than it needs are its key points or mask, if the folder says how many classes there are. */
function fitsTable(form: Form, shape: readonly number[], classes: number | undefined): boolean {
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2) return false;
  if (form === "ultralytics") return rows >= 4 + (classes ?? 1);
  return columns === 6 || (classes !== undefined && columns > 6);
}

/** One score more than labels is that of "no object", which only a softmax has. */
function queryActivation(recipe: Recipe, scores: Tensor | undefined): "softmax" | "sigmoid" {
  const { activation, labels } = recipe.values;
  if (activation === "softmax" || activation === "sigmoid") return activation;
  return labels !== undefined && labels.length === scores?.shape[1] ? "sigmoid" : "softmax";
}

function checkLabels(recipe: Recipe, outputs: DetectionOutputs, row: Tensors): void {
  const count = recipe.values.labels?.length;
  const classes = classCount(outputs, row);
  if (count === undefined || classes === undefined || count === classes) return;
  throw new StartupError(`${recipe.origins.labels}: ${count} labels, but the model has ${classes} classes`);
}

/** Undefined where the outputs don't show it. */
function classCount(outputs: DetectionOutputs, row: Tensors): number | undefined {
  if (outputs.form === "ultralytics") return outputs.classes ?? (row[outputs.output]?.shape[0] ?? 0) - 4;
  if (outputs.form !== "detr") return undefined;
  const width = row[outputs.scores]?.shape[1] ?? 0;
  return outputs.activation === "softmax" ? width - 1 : width;
}
