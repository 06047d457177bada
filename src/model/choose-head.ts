import { StartupError } from "../errors.ts";
import type { Activation, Head } from "../signature/head.ts";
import { toNumbers } from "../signature/scores.ts";
import { formatShape, type Tensor, type Tensors } from "../tensor/tensor.ts";
import { chooseBinary } from "./choose-binary.ts";
import { chooseDetector, guessDetector } from "./choose-detector.ts";
import type { ChosenHead } from "./chosen-head.ts";
import type { Recipe } from "./recipe.ts";

/**
 * Decides what the outputs mean from what the folder says and from one row that the model gave.
 *
 * Shapes: a picture's row `[C]`, C > 1, is a classification, `[C, h, w]` or `[h, w, C]` ({@link isChannelsLast}), or
 * integers `[h, w]`, a segmentation, the known forms of boxes a detection ({@link guessDetector}); anything else, and every
 * row of a model that takes plain tensors, is generic unless the folder states a task. `[1]` is a classification of two
 * classes where the folder says so, by two labels at least.
 *
 * @param imageLayout of the input; undefined when it is no picture
 * @throws {StartupError} when the labels' number is not the classes', or the stated task can't be.
 */
export function chooseHead(recipe: Recipe, row: Tensors, imageLayout: "CHW" | "HWC" | undefined): ChosenHead {
  const origins: Record<string, string> = {};
  const name = mainOutput(recipe, row);
  const output = name === undefined ? undefined : row[name];
  const task = recipe.values.task ?? (imageLayout === undefined ? "generic" : guessTask(recipe, row, output));
  if (task === "detection" || (recipe.values.detector !== undefined && recipe.values.task === undefined)) {
    return chooseDetector(recipe, row);
  }
  if (recipe.values.task === undefined) origins.task = "the output's shape";
  if (recipe.values.task !== undefined && task !== "generic" && task !== "regression" && name === undefined) {
    throw new StartupError(
      `${recipe.origins.task}: task ${task} needs to know its output: name one of ${Object.keys(row).join(", ")} in serving.json (output)`,
    );
  }
  if (task === "regression") return { head: { task }, origins, warnings: [] };
  if (task === "generic" || name === undefined || output === undefined) {
    const isUnclear =
      imageLayout !== undefined && recipe.values.task === undefined && output?.shape.join() === "1";
    return { head: { task: "generic" }, origins, warnings: isUnclear ? [ONE_NUMBER] : [] };
  }
  if (task === "segmentation" && isClassMap(output)) return chooseClassMap(recipe, name, origins);
  const isLast = task === "segmentation" && isChannelsLast(recipe, output, imageLayout);
  const classes = output.shape.at(isLast ? -1 : 0);
  const rank = task === "classification" ? 1 : 3;
  if (classes === undefined || output.shape.length !== rank) {
    throw new StartupError(
      `${recipe.origins.task}: task ${task} needs an output row of ${rank} dimensions, "${name}" gives ${formatShape(output.shape)}`,
    );
  }
  const { labels } = recipe.values;
  if (task === "classification" && classes === 1 && !recipe.values.multiLabel) {
    return chooseBinary(recipe, name, origins);
  }
  checkLabels(recipe, classes, task);
  const { activation, origin } = chooseActivation(recipe, output, classes);
  if (origin !== undefined) origins.activation = origin;
  const common = { output: name, classes, ...(labels === undefined ? {} : { labels }), activation };
  const { multiLabel = activation === "sigmoid", parameters } = recipe.values;
  return {
    head:
      task === "segmentation"
        ? { task, ...common, ...(isLast ? { isChannelsLast: true } : {}) }
        : {
            task,
            ...common,
            ...(multiLabel ? { isMultiLabel: true } : {}),
            ...(parameters === undefined ? {} : { parameters }),
          },
    origins,
    warnings:
      labels === undefined && task === "classification" ? ["no labels found: classes have numbers only"] : [],
  };
}

function mainOutput(recipe: Recipe, row: Tensors): string | undefined {
  const names = Object.keys(row);
  const stated = recipe.values.output;
  if (stated !== undefined && !names.includes(stated)) {
    throw new StartupError(`${recipe.origins.output}: output "${stated}" is not one of ${names.join(", ")}`);
  }
  if (stated !== undefined) return stated;
  return names.length === 1 ? names[0] : MAIN_OUTPUTS.find((main) => names.includes(main));
}

/** Of several: Hugging Face's, and that of torchvision's segmentation models beside `aux`. */
const MAIN_OUTPUTS = ["logits", "out"];

const ONE_NUMBER =
  'the model gives one number for a picture: say in serving.json that it is a "regression" (task), or name the two classes of a classification (labels)';

function guessTask({ values }: Recipe, row: Tensors, output: Tensor | undefined): Head["task"] {
  if (guessDetector(row) !== undefined) return "detection";
  const { shape = [], dtype = "string" } = output ?? {};
  if (output !== undefined && isClassMap(output) && output.shape.slice(-2).every((size) => size >= 8)) {
    return "segmentation";
  }
  if (!dtype.startsWith("float")) return "generic";
  if (shape.length === 1 && ((shape[0] ?? 0) > 1 || values.labels?.length === 2)) return "classification";
  return shape.length === 3 ? "segmentation" : "generic";
}

/** Tells whether the model took the best class of each place itself. Shapes: integers `[h, w]`, `[1, h, w]` or `[h, w, 1]`. */
function isClassMap({ dtype, shape }: Tensor): boolean {
  const isSingle = shape.length === 3 && (shape[0] === 1 || shape[2] === 1);
  return /^u?int/.test(dtype) && (shape.length === 2 || isSingle);
}

/**
 * Tells whether a map of scores is `[h, w, C]`: as serving.json says; else by the end that is the shortest axis and has a
 * place for each label; else as the input is laid out.
 */
function isChannelsLast(
  { values }: Recipe,
  { shape }: Tensor,
  imageLayout: "CHW" | "HWC" | undefined,
): boolean {
  if (values.outputLayout !== undefined) return values.outputLayout === "HWC";
  const [first = 0, middle = 0, last = 0] = shape;
  const count = values.labels?.length;
  if (last === count && last < middle && last < first) return true;
  if (first === count && first < middle && first < last) return false;
  return imageLayout === "HWC";
}

/** The output does not show how many classes there are: without labels, as many as a byte holds. */
function chooseClassMap(recipe: Recipe, output: string, origins: Record<string, string>): ChosenHead {
  const { labels } = recipe.values;
  const classes = labels?.length ?? 255;
  const head = { task: "segmentation", output, isClassMap: true, classes, activation: "none" } as const;
  return { head: { ...head, ...(labels === undefined ? {} : { labels }) }, origins, warnings: [] };
}

/** A single-class segmentation has two labels: background and foreground. */
function checkLabels(recipe: Recipe, classes: number, task: string): void {
  const count = recipe.values.labels?.length;
  if (count === undefined || count === classes) return;
  if (task === "segmentation" && classes === 1 && count <= 2) return;
  throw new StartupError(`${recipe.origins.labels}: ${count} labels, but the model has ${classes} classes`);
}

function chooseActivation(
  recipe: Recipe,
  output: Tensor,
  classes: number,
): { readonly activation: Activation; readonly origin?: string } {
  if (recipe.values.activation !== undefined) return { activation: recipe.values.activation };
  if (recipe.values.multiLabel) return { activation: "sigmoid", origin: "multi_label" };
  if (output.shape.length === 1 && isDistribution(toNumbers(output))) {
    return { activation: "none", origin: "the output's numbers: they are probabilities already" };
  }
  return classes === 1
    ? { activation: "sigmoid", origin: "default" }
    : { activation: "softmax", origin: "default" };
}

function isDistribution(scores: ArrayLike<number>): boolean {
  const values = Array.from(scores);
  const sum = values.reduce((total, value) => total + value, 0);
  return values.every((value) => value >= 0 && value <= 1) && Math.abs(sum - 1) < 1e-3;
}
