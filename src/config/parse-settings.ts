import { parseArgs } from "node:util";
import { excerpt, StartupError } from "../errors.ts";
import { flagName, SETTINGS, type SettingRow, type Settings, variableName } from "./settings.ts";

const NAMES = Object.keys(SETTINGS) as (keyof Settings)[];

/**
 * Returns the settings that the flags and the environment give; a flag wins over its variable, an empty
 * variable counts as unset.
 *
 * @throws {StartupError} when a flag is unknown or a value is out of its bounds; one line that names it.
 */
export function parseSettings(flags: readonly string[], environment: NodeJS.ProcessEnv): Settings {
  const given = parseFlags(flags);
  const entries = NAMES.map((name) => {
    const row = SETTINGS[name];
    const variable = variableName(name);
    const flag = given[flagName(name)];
    const text = flag ?? (environment[variable] || row.default);
    const source = flag === undefined ? variable : `--${flagName(name)}`;
    return [name, text === undefined ? undefined : parseValue(source, text, row)];
  });
  // Each value was parsed by its own row of the table, which is keyed by Settings.
  return Object.freeze(Object.fromEntries(entries)) as Settings;
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

function parseValue(source: string, text: string, row: SettingRow): string | number {
  switch (row.kind) {
    case "text":
      return text;
    case "choice":
      if (row.choices.includes(text)) return text;
      throw new StartupError(`${source} must be one of ${row.choices.join(", ")}, got "${excerpt(text)}"`);
    case "integer":
    case "bytes":
      return parseInteger(source, text, row);
  }
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
