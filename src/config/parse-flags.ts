import { parseArgs } from "node:util";
import { excerpt, UsageError } from "../errors.ts";

export interface ParsedFlags {
  /** By name, without dashes, in the order in which they were given; "" for a flag that takes no value. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** What is no flag. */
  readonly words: readonly string[];
}

/**
 * Returns the flags of a command line: `--name=value`, `--name value`, and `--name` for those that take no value.
 * Everything behind `--` is a word.
 *
 * @param flags by name, without dashes
 * @throws {UsageError} when a flag is unknown, or has a value too many or too few; one line that names it.
 */
export function parseFlags(
  args: readonly string[],
  flags: ReadonlyMap<string, { readonly takesValue: boolean }>,
): ParsedFlags {
  const options = Object.fromEntries(
    [...flags].map(([name, { takesValue }]) => [name, { type: takesValue ? "string" : "boolean" } as const]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const values = new Map<string, string[]>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      words.push(token.value);
      continue;
    }
    const flag = token.rawName.startsWith("--") ? flags.get(token.name) : undefined;
    if (flag === undefined) throw new UsageError(`unknown flag ${excerpt(token.rawName)}; see --help`);
    const value = flag.takesValue ? requireValue(token) : requireNoValue(token);
    values.set(token.name, [...(values.get(token.name) ?? []), value]);
  }
  return { values, words };
}

interface FlagToken {
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function requireValue({ rawName, value, inlineValue }: FlagToken): string {
  // Outside its strict mode parseArgs takes the next flag for the value. A number below 0, as in a box, is none.
  const isNextFlag = inlineValue === false && /^-(?![\d.])/.test(value ?? "");
  if (!value || isNextFlag) throw new UsageError(`${rawName} needs a value`);
  return value;
}

function requireNoValue({ rawName, value }: FlagToken): string {
  if (value !== undefined) throw new UsageError(`${rawName} takes no value`);
  return "";
}
