import { parseFlags } from "../config/parse-flags.ts";
import { parseValue } from "../config/parse-value.ts";
import { flagName } from "../config/setting-table.ts";
import type { SettingRow } from "../config/settings.ts";
import { UsageError } from "../errors.ts";

/** One option of a command. A `switch` is there or not, a `list` may be given several times. */
export type OptionRow =
  | SettingRow
  | { readonly kind: "switch"; readonly help: string }
  | { readonly kind: "list"; readonly help: string };

/** The options of a command by their names in code: the flag of `batchSize` is `--batch-size`. */
export type OptionTable<Options> = { readonly [Name in keyof Options]: OptionRow };

export interface ParsedCommand<Options> {
  readonly options: Options;
  /** What is no flag. */
  readonly words: readonly string[];
}

/**
 * Returns what a command line gives, after defaults.
 *
 * @throws {UsageError} when a flag is unknown or a value is out of its bounds; one line that names it.
 */
export function parseOptions<Options>(
  args: readonly string[],
  table: OptionTable<Options>,
): ParsedCommand<Options> {
  const rows = Object.entries<OptionRow>(table);
  const flags = new Map(rows.map(([name, { kind }]) => [flagName(name), { takesValue: kind !== "switch" }]));
  const { values, words } = parseFlags(args, flags);
  const options = rows.map(([name, row]) => [
    name,
    readValue(row, flagName(name), values.get(flagName(name))),
  ]);
  // Each value was parsed by its own row of the table, which is keyed by Options.
  return { options: Object.freeze(Object.fromEntries(options)) as Options, words };
}

function readValue(row: OptionRow, flag: string, given: readonly string[] | undefined): unknown {
  if (row.kind === "switch") return given !== undefined;
  if (row.kind === "list") return given ?? [];
  if (given !== undefined && given.length > 1) throw new UsageError(`--${flag} is given more than once`);
  const text = given?.[0] ?? row.default;
  return text === undefined ? undefined : parseValue(`--${flag}`, text, row);
}

/** Returns the values that an option takes, as `--help` and the manual write them; "" for a switch. */
export function valueHint(row: OptionRow): string {
  switch (row.kind) {
    case "switch":
      return "";
    case "list":
      return "<text>";
    case "choice":
      return `<${row.choices.join("|")}>`;
    case "integer":
    case "number":
      return `<${row.min} to ${row.max}>`;
    default:
      return `<${row.kind}>`;
  }
}
