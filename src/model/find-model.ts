import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { excerpt, StartupError } from "../errors.ts";
import { contains } from "./check-in-folder.ts";

/** Where a model folder's files are. */
export interface ModelLocation {
  /** The folder that holds the descriptions (labels, preprocessing): MODEL_DIR or its version folder. */
  readonly folder: string;
  /** The ONNX file. */
  readonly modelPath: string;
  /** Name of the version folder as a number, else 1. */
  readonly version: number;
}

/** Where exporters write the model, in the order in which it is looked for. */
const USUAL_PLACES = ["model.onnx", "onnx/model.onnx"];

/** Which of several files to serve; at most one of the two. */
export interface ModelChoice {
  /** Path inside the model's folder. */
  readonly modelFile?: string | undefined;
  /** What stands behind `model_` in the file's name; `fp32` is none and `q8` is `quantized`. */
  readonly modelVariant?: string | undefined;
  /** The version folder, where there are any; absent: the highest. */
  readonly version?: number | undefined;
  /**
   * What names the folder, for errors.
   *
   * @default MODEL_DIR
   */
  readonly setting?: string;
}

/**
 * Finds the model to serve in MODEL_DIR: the chosen file if there is a choice, else `model.onnx`,
 * `onnx/model.onnx`, the only `*.onnx`, or the same in the numbered folder with the highest number.
 *
 * @throws {StartupError} when there is none, or several and none has the usual name.
 * @see huggingface/transformers.js `src/utils/dtypes.js` (suffixes of the files)
 */
export function findModel(modelDir: string, choice: ModelChoice = {}): ModelLocation {
  checkChoice(choice);
  const { setting = "MODEL_DIR" } = choice;
  if (!existsSync(modelDir))
    throw new StartupError(`${modelDir} does not exist: set ${setting} to the model's folder`);
  if (!isFolder(modelDir)) {
    throw new StartupError(`${modelDir} is not a folder: set ${setting} to the folder that holds the model`);
  }
  const own = findInFolder(modelDir, choice);
  if (own !== undefined) return { folder: modelDir, modelPath: own, version: 1 };
  for (const name of versionFolders(readdirSync(modelDir))) {
    if (choice.version !== undefined && choice.version !== Number(name)) continue;
    const folder = join(modelDir, name);
    const modelPath = isFolder(folder) ? findInFolder(folder, choice) : undefined;
    if (modelPath !== undefined) return { folder, modelPath, version: Number(name) };
  }
  const { version } = choice;
  throw new StartupError(
    nothingFound(version === undefined ? modelDir : join(modelDir, `${version}`), choice),
  );
}

/** Returns the names of version folders among `names`, the highest version first. Leading zeros don't count. */
export function versionFolders(names: readonly string[]): readonly string[] {
  return names.filter((name) => /^\d{1,15}$/.test(name)).sort((a, b) => Number(b) - Number(a));
}

/** Tells whether a folder itself, and no version folder in it, holds the chosen model file. */
export function holdsModel(folder: string, choice: ModelChoice): boolean {
  try {
    return findInFolder(folder, choice) !== undefined;
  } catch (error) {
    // Several, of which none is chosen: loading it says so.
    if (error instanceof StartupError) return true;
    throw error;
  }
}

function checkChoice({ modelFile, modelVariant }: ModelChoice): void {
  if (modelVariant === undefined) return;
  if (modelFile !== undefined) throw new StartupError("MODEL_FILE and MODEL_VARIANT are both set: unset one");
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/.test(modelVariant)) return;
  throw new StartupError(
    `MODEL_VARIANT must be the end of a file's name, as fp16 in model_fp16.onnx, got "${excerpt(modelVariant)}"`,
  );
}

/** Returns where the variant may be, in the order in which it is looked for. */
function placesOf(variant: string | undefined): readonly string[] {
  if (variant === undefined || variant === "fp32") return USUAL_PLACES;
  const suffix = variant === "q8" ? "quantized" : variant;
  return USUAL_PLACES.map((place) => place.replace(".onnx", `_${suffix}.onnx`));
}

function findInFolder(folder: string, { modelFile, modelVariant }: ModelChoice): string | undefined {
  if (modelFile !== undefined) {
    const path = join(folder, modelFile);
    if (!contains(folder, path)) {
      throw new StartupError(`MODEL_FILE ${modelFile} is outside MODEL_DIR: name a file inside it`);
    }
    if (isFolder(path)) throw new StartupError(`${path} is a folder: name a file in MODEL_FILE`);
    return existsSync(path) ? path : undefined;
  }
  const usual = placesOf(modelVariant)
    .map((place) => join(folder, place))
    .find((path) => existsSync(path));
  if (usual !== undefined || modelVariant !== undefined) return usual;
  const others = onnxFiles(folder);
  if (others.length > 1) {
    const areVariants = others.every((name) => /(^|\/)model_[^/]+$/.test(name));
    const setting = areVariants ? "MODEL_VARIANT" : "MODEL_FILE";
    throw new StartupError(`${folder} holds ${others.join(", ")}: name one model.onnx, or set ${setting}`);
  }
  return others[0] === undefined ? undefined : join(folder, others[0]);
}

function onnxFiles(folder: string): string[] {
  const inside = isFolder(join(folder, "onnx")) ? readdirSync(join(folder, "onnx")) : [];
  const names = [...readdirSync(folder), ...inside.map((name) => join("onnx", name))];
  return names.filter((name) => name.endsWith(".onnx")).sort();
}

/** A broken link is none. */
function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function nothingFound(modelDir: string, { modelFile, modelVariant }: ModelChoice): string {
  if (modelFile !== undefined) return `${join(modelDir, modelFile)} does not exist: check MODEL_FILE`;
  if (modelVariant !== undefined) {
    const there = isFolder(modelDir) ? onnxFiles(modelDir) : [];
    const holds = there.length === 0 ? "no *.onnx file" : there.join(", ");
    return `${modelDir} holds no ${placesOf(modelVariant).join(" or ")}, but ${holds}: check MODEL_VARIANT`;
  }
  const names = isFolder(modelDir) ? readdirSync(modelDir).sort() : [];
  const checkpoint = names.find((name) => exporterOf(name, names) !== undefined);
  if (checkpoint !== undefined) {
    return `${join(modelDir, checkpoint)} is a training checkpoint, not an ONNX model: export it with ${exporterOf(checkpoint, names)}`;
  }
  return `${modelDir} holds no *.onnx file: put model.onnx into it`;
}

/** Returns what makes an ONNX model of a training framework's file; undefined when it is none. */
export function exporterOf(name: string, names: readonly string[] = []): string | undefined {
  if (name.endsWith(".pkl")) return "tools/export_fastai.py of this repository";
  if (/\.(h5|keras)$/.test(name)) return 'tf2onnx, or Keras 3\'s model.export with format="onnx"';
  if (!/\.(pth|pt|bin|safetensors)$/.test(name)) return undefined;
  const isTransformers =
    /^(model|pytorch_model)[^/]*\.(safetensors|bin)$/.test(name) && names.includes("config.json");
  return isTransformers
    ? "optimum-cli export onnx (Hugging Face), or tools/export_torch.py of this repository"
    : "tools/export_torch.py of this repository";
}
