import { parseArgs } from "node:util";
import { excerpt, StartupError } from "../errors.ts";
import { flagName, SETTINGS, variableName } from "./setting-table.ts";
import type { SettingRow, Settings } from "./settings.ts";

const NAMES = Object.keys(SETTINGS) as (keyof Settings)[];

/**
 * Returns the settings that the flags and the environment give; a flag wins over its variable, an empty
 * variable counts as unset.
 *
 * @param defaults as a user would write them, in place of the table's
 * @throws {StartupError} when a flag is unknown or a value is out of its bounds; one line that names it.
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
  const values = parseFlags(flags);
  const given = new Map<keyof Settings, GivenSetting>();
  for (const name of NAMES) {
    const flag = values[flagName(name)];
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
    throw new StartupError(`${sources.join(" and ")} are both set: unset all but one`);
  }
  const name = given.get("modelName")?.source;
  if (name !== undefined && sources.length === 1 && !given.has("modelDir")) {
    throw new StartupError(`${name} names the model of MODEL_DIR, but ${sources[0]} is set: unset one`);
  }
  const sizes = given.get("allowedBatchSizes");
  const largest = given.get("maxBatchSize");
  if (sizes === undefined || largest === undefined) return;
  if (Number(sizes.text.split(",").at(-1)) === Number(largest.text)) return;
  throw new StartupError(`the last of ${sizes.source} must be ${largest.source}, ${excerpt(largest.text)}`);
}

function parseFlags(flags: readonly string[]): Record<string, string | undefined> {
  const options = Object.fromEntries(NAMES.map((name) => [flagName(name), { type: "string" as const }]));
  const { tokens } = parseArgs({ args: [...flags], options, strict: false, tokens: true });
  const values: Record<string, string | undefined> = Object.create(null);
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      throw new StartupError(`unexpected argument "${excerpt(token.value)}"; see --help`);
    }
    if (!Object.hasOwn(options, token.name)) {
      throw new StartupError(`unknown flag ${excerpt(token.rawName)}; see --help`);
    }
    // Outside its strict mode parseArgs takes the next flag for the value.
    const isNextFlag = token.inlineValue === false && token.value.startsWith("-");
    if (!token.value || isNextFlag) throw new StartupError(`${token.rawName} needs a value`);
    values[token.name] = token.value;
  }
  return values;
}

function parseValue(source: string, text: string, row: SettingRow): string | number | readonly number[] {
  switch (row.kind) {
    case "text":
      return text;
    case "choice":
      if (row.choices.includes(text)) return text;
      throw new StartupError(`${source} must be one of ${row.choices.join(", ")}, got "${excerpt(text)}"`);
    case "integer":
    case "bytes":
      return parseInteger(source, text, row);
    case "number":
      return parseNumber(source, text, row);
    case "sizes":
      return parseSizes(source, text, row);
  }
}

function parseNumber(
  source: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const value = /^\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new StartupError(`${source} must be a number from ${min} to ${max}, got "${excerpt(text)}"`);
}

function parseSizes(
  source: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): readonly number[] {
  const sizes = /^\d{1,15}(,\d{1,15})*$/.test(text) ? text.split(",").map(Number) : [];
  const areSound = sizes.every((size, i) => size >= min && size <= max && size > (sizes[i - 1] ?? 0));
  if (sizes.length > 0 && areSound) return sizes;
  throw new StartupError(
    `${source} must be whole numbers from ${min} to ${max} that ascend, such as 1,4,8, got "${excerpt(text)}"`,
  );
}

const UNIT_BYTES: Record<string, number> = { "": 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

function parseInteger(
  source: string,
  text: string,
  row: { readonly kind: "integer" | "bytes"; readonly min: number; readonly max: number },
): number {
  const pattern = row.kind === "bytes" ? /^(\d{1,15})(KiB|MiB|GiB|)$/ : /^(\d{1,15})()$/;
  const match = pattern.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]) * (UNIT_BYTES[match[2] ?? ""] ?? 1);
  if (value >= row.min && value <= row.max) return value;
  const form = row.kind === "bytes" ? "a number of bytes (such as 1048576 or 1MiB)" : "a whole number";
  throw new StartupError(`${source} must be ${form} from ${row.min} to ${row.max}, got "${excerpt(text)}"`);
}
