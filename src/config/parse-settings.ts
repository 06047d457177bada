import { excerpt, UsageError } from "../errors.ts";
import { parseFlags } from "./parse-flags.ts";
import { parseValue } from "./parse-value.ts";
import { flagName, SETTINGS, variableName } from "./setting-table.ts";
import type { Settings } from "./settings.ts";

const NAMES = Object.keys(SETTINGS) as (keyof Settings)[];
const FLAGS = new Map(NAMES.map((name) => [flagName(name), { takesValue: true }]));

/**
 * Returns the settings that the flags and the environment give; a flag wins over its variable, an empty
 * variable counts as unset.
 *
 * @param defaults as a user would write them, in place of the table's
 * @throws {UsageError} when a flag is unknown or a value is out of its bounds; one line that names it.
 */
export function parseSettings(
  flags: readonly string[],
  environment: NodeJS.ProcessEnv,
  defaults: { readonly [Name in keyof Settings]?: string } = {},
): Settings {
  const given = givenSettings(flags, environment);
  const entries = NAMES.map((name) => {
    const row = SETTINGS[name];
    const fallback = { source: variableName(name), text: defaults[name] ?? row.default };
    const { source, text } = given.get(name) ?? fallback;
    return [name, text === undefined ? undefined : parseValue(source, text, row)];
  });
  checkTogether(given);
  // Each value was parsed by its own row of the table, which is keyed by Settings.
  return Object.freeze(Object.fromEntries(entries)) as Settings;
}

/** What the user said of a setting, and where. */
export interface GivenSetting {
  readonly source: string;
  readonly text: string;
}

/** Returns the settings that are given, by flag or variable, as they stand there. */
export function givenSettings(
  flags: readonly string[],
  environment: NodeJS.ProcessEnv,
): ReadonlyMap<keyof Settings, GivenSetting> {
  const { values, words } = parseFlags(flags, FLAGS);
  const [stray] = words;
  if (stray !== undefined) throw new UsageError(`unexpected argument "${excerpt(stray)}"; see --help`);
  const given = new Map<keyof Settings, GivenSetting>();
  for (const name of NAMES) {
    const flag = values.get(flagName(name))?.at(-1);
    const variable = environment[variableName(name)];
    if (flag !== undefined) given.set(name, { source: `--${flagName(name)}`, text: flag });
    else if (variable) given.set(name, { source: variableName(name), text: variable });
  }
  return given;
}

/** Each says which models are served. */
const MODEL_SOURCES = ["modelDir", "modelBasePath", "modelConfigFile"] as const;

function checkTogether(given: ReadonlyMap<keyof Settings, GivenSetting>): void {
  const sources = MODEL_SOURCES.flatMap((name) => given.get(name)?.source ?? []);
  if (sources.length > 1) {
    throw new UsageError(`${sources.join(" and ")} are both set: unset all but one`);
  }
  const name = given.get("modelName")?.source;
  if (name !== undefined && sources.length === 1 && !given.has("modelDir")) {
    throw new UsageError(`${name} names the model of MODEL_DIR, but ${sources[0]} is set: unset one`);
  }
  const sizes = given.get("allowedBatchSizes");
  const largest = given.get("maxBatchSize");
  if (sizes === undefined || largest === undefined) return;
  if (Number(sizes.text.split(",").at(-1)) === Number(largest.text)) return;
  throw new UsageError(`the last of ${sizes.source} must be ${largest.source}, ${excerpt(largest.text)}`);
}
