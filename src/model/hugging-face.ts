import { join } from "node:path";
import { z } from "zod";
import { labelsByIndex } from "./label-files.ts";
import { type ProcessorClass, processorClass } from "./processor-classes.ts";
import { type ProcessorConfig, processorSchema } from "./processor-config.ts";
import { processorPadding, processorSizes } from "./processor-sizes.ts";
import { readJsonFile } from "./read-json-file.ts";
import type { RecipeSource, RecipeValues } from "./recipe.ts";

const configSchema = z.object({
  id2label: z.record(z.string(), z.string()).nullish(),
  problem_type: z.string().nullish(),
  architectures: z.array(z.string()).nullish(),
});

const PROCESSOR_FILE = "preprocessor_config.json";

/**
 * Returns what `preprocessor_config.json` says of the pixels; undefined when there is none. What it leaves out is the
 * default of the class that it names.
 *
 * @throws {StartupError} when a value is out of range; what is not served stands in `refused`.
 * @see huggingface/transformers `image_processing_utils.py`, `image_transforms.py`
 */
export function readPreprocessorConfig(folder: string, modelDir: string = folder): RecipeSource | undefined {
  const path = join(folder, PROCESSOR_FILE);
  const stated = readJsonFile(path, processorSchema, modelDir);
  if (stated === undefined) return undefined;
  const known = processorClass(stated);
  const config = filledUp(stated, known.defaults);
  const { resize, centerCrop } = processorSizes(known.name, config, known.defaults?.size);
  const padTo = processorPadding(known.name, config);
  const refused = {
    ...(typeof resize === "string" ? { resize: `${path}: ${resize}` } : {}),
    ...(typeof centerCrop === "string" ? { centerCrop: `${path}: ${centerCrop}` } : {}),
    ...(known.refused === undefined ? {} : { resize: refusal(path, known.refused) }),
  };
  const isServed = known.refused === undefined;
  return {
    origin: PROCESSOR_FILE,
    ...(Object.keys(refused).length === 0 ? {} : { refused }),
    ...warnings(stated, known),
    values: {
      color: config.do_flip_channel_order ? "BGR" : "RGB",
      ...(isServed && resize !== undefined && typeof resize !== "string" ? { resize } : {}),
      ...(isServed && typeof centerCrop !== "string" ? { centerCrop } : {}),
      ...(isServed && padTo !== undefined ? { padTo } : {}),
      rescaleFactor: (config.do_rescale ?? true) ? (config.rescale_factor ?? 1 / 255) : 1,
      rescaleOffset: config.rescale_offset ? -1 : 0,
      ...normalisation(config),
    },
  };
}

/** Returns what `config.json` says of the outputs; undefined when there is none. */
export function readModelConfig(folder: string, modelDir: string = folder): RecipeSource | undefined {
  const path = join(folder, "config.json");
  const stated = readJsonFile(path, configSchema, modelDir);
  if (stated === undefined) return undefined;
  const architecture = stated.architectures?.[0] ?? "";
  return {
    origin: "config.json",
    values: {
      ...(stated.id2label == null ? {} : { labels: labelsByIndex(path, stated.id2label) }),
      ...(stated.problem_type === "multi_label_classification"
        ? { activation: "sigmoid" as const, multiLabel: true }
        : {}),
      ...(stated.problem_type === "single_label_classification" ? { activation: "softmax" as const } : {}),
      ...(stated.problem_type === "regression" ? { task: "regression" as const } : {}),
      ...(architecture.endsWith("ForImageClassification") && stated.problem_type !== "regression"
        ? { task: "classification" as const }
        : {}),
      ...(architecture.endsWith("ForObjectDetection") ? { task: "detection" as const } : {}),
      ...(architecture.endsWith("ForSemanticSegmentation") ? { task: "segmentation" as const } : {}),
    },
  };
}

/** A flag that is null is off, as it is in Python; of other keys, null leaves the class its default. */
function filledUp(stated: ProcessorConfig, defaults: ProcessorConfig = {}): ProcessorConfig {
  const entries = Object.entries(stated).map(([key, value]) =>
    key.startsWith("do_") && value === null ? [key, false] : [key, value],
  );
  return { ...defaults, ...Object.fromEntries(entries.filter(([, value]) => value != null)) };
}

/** The deviation divides once more with `include_top`, which is a division by its square. */
function normalisation(config: ProcessorConfig): Pick<Partial<RecipeValues>, "mean" | "std"> {
  const isOn = config.do_normalize ?? true;
  const mean = isOn ? (config.mean ?? config.image_mean) : 0;
  const std = config.std ?? config.image_std;
  const again = config.include_top ? toList(std ?? 1) : [1];
  const once = isOn ? std : 1;
  return {
    ...(mean == null ? {} : { mean: toList(mean) }),
    ...(once == null ? {} : { std: config.include_top ? product(toList(once), again) : toList(once) }),
  };
}

function product(some: readonly number[], others: readonly number[]): readonly number[] {
  const [longer, shorter] = some.length < others.length ? [others, some] : [some, others];
  return longer.map((value, i) => value * (shorter[i % shorter.length] ?? 1));
}

function toList(value: number | readonly number[]): readonly number[] {
  return typeof value === "number" ? [value] : value;
}

function refusal(path: string, what: string): string {
  return `${path}: ${what}, which is not served: say in serving.json (preprocess.resize) what to do instead`;
}

function warnings(stated: ProcessorConfig, known: ProcessorClass): Pick<RecipeSource, "warnings"> {
  if (known.defaults !== undefined || known.refused !== undefined) return {};
  const isGuess = typeof stated.size === "number";
  const meaning = isGuess ? `, size ${stated.size} as a square` : "";
  if (known.name === "" && !isGuess) return {};
  const whose = known.name === "" ? "no class is named" : `${known.name}'s processor is not known here`;
  const text = `${PROCESSOR_FILE}: ${whose}: its keys are read as most processors mean them${meaning}; a golden pair proves it`;
  return { warnings: [{ text, unless: "resize" }] };
}
