import type { GivenSetting } from "./config/parse-settings.ts";
import { SETTINGS, variableName } from "./config/setting-table.ts";
import type { Settings } from "./config/settings.ts";
import { StartupError } from "./errors.ts";
import { type BatchingBounds, readBatchingParameters } from "./model/read-batching-parameters.ts";

const TAKEN = [
  "maxBatchSize",
  "batchTimeoutMicros",
  "inferenceLanes",
  "maxEnqueuedInstances",
  "allowedBatchSizes",
] as const;

/**
 * Returns the settings with what BATCHING_PARAMETERS_FILE says in their places.
 *
 * @throws {StartupError} when the file can't be read, or says what a variable or flag says as well.
 */
export function withBatchingParameters(
  settings: Settings,
  given: ReadonlyMap<keyof Settings, GivenSetting>,
): Settings {
  const path = settings.batchingParametersFile;
  if (path === undefined) return settings;
  const parameters = readBatchingParameters(path, {
    maxBatchSize: largestOf("maxBatchSize"),
    batchTimeoutMicros: largestOf("batchTimeoutMicros"),
    inferenceLanes: largestOf("inferenceLanes"),
    maxEnqueuedInstances: largestOf("maxEnqueuedInstances"),
  });
  for (const name of TAKEN) {
    const setting = given.get(name);
    if (setting === undefined || parameters[name] === undefined) continue;
    throw new StartupError(
      `${setting.source} is set, and ${path} (BATCHING_PARAMETERS_FILE) says ${variableName(name)} as well: leave one out`,
    );
  }
  const merged = { ...settings, ...parameters };
  const { maxBatchSize, allowedBatchSizes } = merged;
  if (
    allowedBatchSizes !== undefined &&
    maxBatchSize !== undefined &&
    allowedBatchSizes.at(-1) !== maxBatchSize
  ) {
    throw new StartupError(
      `the last of ALLOWED_BATCH_SIZES is ${allowedBatchSizes.at(-1)}, but ${path} (BATCHING_PARAMETERS_FILE) says ${maxBatchSize} rows at most`,
    );
  }
  return Object.freeze(merged);
}

function largestOf(name: keyof BatchingBounds): number {
  const row = SETTINGS[name];
  return "max" in row ? row.max : Number.MAX_SAFE_INTEGER;
}
