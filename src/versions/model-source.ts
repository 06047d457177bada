import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Settings } from "../config/settings.ts";
import { StartupError } from "../errors.ts";
import { compositionFolder } from "../model/holds-composition.ts";
import { LATEST_ONLY, type ModelConfig } from "../model/model-config.ts";
import { readModelConfig } from "../model/read-model-config.ts";

/** At least one; the first is the one that answers where a route names none. */
export type ModelConfigs = readonly [ModelConfig, ...ModelConfig[]];

/** The settings that say which models are served. */
export type SourceSettings = Pick<Settings, "modelDir" | "modelName" | "modelBasePath" | "modelConfigFile">;

/**
 * Returns the models that the settings name, as they are now.
 *
 * @throws {StartupError} one line that says what is wrong with them.
 */
export function readModels(settings: SourceSettings): ModelConfigs {
  if (settings.modelConfigFile !== undefined) return readModelConfig(settings.modelConfigFile);
  if (settings.modelBasePath !== undefined) return readBasePath(settings.modelBasePath);
  return [served(settings.modelName, settings.modelDir)];
}

/** Tells whether the settings may name several models, by now or later, or one that is composed of several. */
export function namesSeveral({ modelDir, modelBasePath, modelConfigFile }: SourceSettings): boolean {
  const isOne = modelBasePath === undefined && modelConfigFile === undefined;
  return !isOne || compositionFolder(modelDir) !== undefined;
}

function served(name: string, basePath: string): ModelConfig {
  return { name, basePath, policy: LATEST_ONLY, labels: new Map() };
}

/** Names with a dot in front, such as Kubernetes' `..data`, are no models. */
function readBasePath(basePath: string): ModelConfigs {
  const names = list(basePath).filter((name) => !name.startsWith(".") && isFolder(join(basePath, name)));
  const [first, ...others] = names.sort().map((name) => served(name, join(resolve(basePath), name)));
  if (first === undefined) {
    throw new StartupError(`${basePath} holds no folder: put one for each model into MODEL_BASE_PATH`);
  }
  return [first, ...others];
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartupError(
      `${folder} can't be read (${code}): set MODEL_BASE_PATH to the folder of the models`,
    );
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
