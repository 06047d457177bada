import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { describeComposition } from "./composition/describe-composition.ts";
import { planComposition, refuse } from "./composition/plan-composition.ts";
import { type TypedComposition, typeComposition } from "./composition/type-composition.ts";
import type { Settings } from "./config/settings.ts";
import { StartupError } from "./errors.ts";
import { contains } from "./model/check-in-folder.ts";
import type { FoundComposition } from "./model/find-composition.ts";
import { findSamples } from "./model/find-samples.ts";
import type { Servable } from "./servable.ts";

/** A model that is a part of a composition, loaded. */
interface LoadedPart {
  readonly servable: Servable;
  /** Ends its workers. */
  close(): Promise<void>;
}

export interface LoadCompositionOptions<Part extends LoadedPart> {
  readonly settings: Settings;
  readonly found: FoundComposition;
  /** Loads one of the models as if it were alone. */
  readonly load: (settings: Settings) => Promise<Part>;
}

export interface LoadedComposition<Part extends LoadedPart> {
  readonly servable: Servable;
  readonly composition: TypedComposition;
  /** By the path of their folder, in the order of the nodes. */
  readonly parts: ReadonlyMap<string, Part>;
}

/**
 * From a folder of linked models to models that are proven to answer, and whose links fit.
 *
 * Order: the links → each model as if it were alone → the ports.
 *
 * @throws {StartupError} one line that names the file, node or key at fault. Then no model is left open.
 */
export async function loadComposition<Part extends LoadedPart>({
  settings,
  found: { folder, version, json },
  load,
}: LoadCompositionOptions<Part>): Promise<LoadedComposition<Part>> {
  refuseSingleSettings(settings);
  const plan = planComposition(json);
  const paths = new Set(plan.nodes.flatMap(({ json: node }) => ("model" in node ? [node.model] : [])));
  if (paths.size === 0) refuse("nodes: name at least one model");
  for (const path of paths) requireFolder(folder, path);
  const parts = new Map<string, Part>();
  try {
    for (const path of paths) {
      parts.set(
        path,
        await load({ ...settings, modelDir: join(folder, path), modelName: `${settings.modelName}/${path}` }),
      );
    }
    const models = new Map([...parts].map(([path, { servable }]) => [path, servable]));
    const composition = typeComposition(plan, models);
    const servable = describeComposition({
      name: settings.modelName,
      version,
      composition,
      models,
      samples: findSamples(folder),
    });
    return { servable, composition, parts };
  } catch (error) {
    await Promise.all([...parts.values()].map((part) => part.close()));
    throw error;
  }
}

/** What chooses one file, or one answer, can't be meant for all models. */
function refuseSingleSettings(settings: Settings): void {
  const single = { MODEL_FILE: settings.modelFile, UTILS_DIR: settings.utilsDir };
  for (const [name, value] of Object.entries(single)) {
    if (value === undefined) continue;
    throw new StartupError(`${name} is for a single model, and serving.json links several: unset it`);
  }
  const { defaultSignature } = settings;
  if (defaultSignature === undefined || defaultSignature === "serving_default") return;
  throw new StartupError(
    `DEFAULT_SIGNATURE ${defaultSignature} is for a single model, and serving.json says what a composed one answers: unset it`,
  );
}

function requireFolder(folder: string, path: string): void {
  const full = join(folder, path);
  if (!contains(folder, full)) refuse(`model "${path}" is outside of the composed model's folder`);
  if (!existsSync(full) || !statSync(full).isDirectory()) refuse(`model "${path}": there is no such folder`);
}
