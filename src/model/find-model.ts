import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { StartupError } from "../errors.ts";
import { contains } from "./external-data.ts";

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

/**
 * Finds the model to serve in MODEL_DIR: `modelFile` if given, else `model.onnx`, `onnx/model.onnx`, the
 * only `*.onnx`, or the same in the numbered folder with the highest number.
 *
 * @throws {StartupError} when there is none, or several and none has the usual name.
 */
export function findModel(modelDir: string, modelFile?: string): ModelLocation {
  if (!existsSync(modelDir))
    throw new StartupError(`${modelDir} does not exist: set MODEL_DIR to the model's folder`);
  if (!isFolder(modelDir)) {
    throw new StartupError(`${modelDir} is not a folder: set MODEL_DIR to the folder that holds the model`);
  }
  const own = findInFolder(modelDir, modelFile);
  if (own !== undefined) return { folder: modelDir, modelPath: own, version: 1 };
  const versions = readdirSync(modelDir).filter((name) => /^\d{1,15}$/.test(name));
  for (const name of versions.sort((a, b) => Number(b) - Number(a))) {
    const folder = join(modelDir, name);
    const modelPath = isFolder(folder) ? findInFolder(folder, modelFile) : undefined;
    if (modelPath !== undefined) return { folder, modelPath, version: Number(name) };
  }
  throw new StartupError(nothingFound(modelDir, modelFile));
}

function findInFolder(folder: string, modelFile: string | undefined): string | undefined {
  if (modelFile !== undefined) {
    const path = join(folder, modelFile);
    if (!contains(folder, path)) {
      throw new StartupError(`MODEL_FILE ${modelFile} is outside MODEL_DIR: name a file inside it`);
    }
    if (isFolder(path)) throw new StartupError(`${path} is a folder: name a file in MODEL_FILE`);
    return existsSync(path) ? path : undefined;
  }
  const usual = USUAL_PLACES.map((place) => join(folder, place)).find((path) => existsSync(path));
  if (usual !== undefined) return usual;
  const others = onnxFiles(folder);
  if (others.length > 1) {
    throw new StartupError(`${folder} holds ${others.join(", ")}: name one model.onnx, or set MODEL_FILE`);
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

function nothingFound(modelDir: string, modelFile: string | undefined): string {
  if (modelFile !== undefined) return `${join(modelDir, modelFile)} does not exist: check MODEL_FILE`;
  const names = readdirSync(modelDir);
  const pickle = names.find((name) => /\.(pkl|pth|pt|bin|safetensors|h5|keras)$/.test(name));
  if (pickle !== undefined) {
    return `${join(modelDir, pickle)} is a training checkpoint, not an ONNX model: export it with torch.onnx.export and put model.onnx beside it`;
  }
  return `${modelDir} holds no *.onnx file: put model.onnx into it`;
}
