import { excerpt, UsageError } from "../errors.ts";
import type { SettingKind } from "./settings.ts";

/**
 * Returns the value that `text` stands for.
 *
 * @param source the flag or variable that it came by
 * @throws {UsageError} when it is out of the row's bounds; one line that names the source.
 */
export function parseValue(
  source: string,
  text: string,
  row: SettingKind,
): string | number | readonly number[] {
  switch (row.kind) {
    case "text":
      return text;
    case "choice":
      if (row.choices.includes(text)) return text;
      throw new UsageError(`${source} must be one of ${row.choices.join(", ")}, got "${excerpt(text)}"`);
    case "integer":
    case "bytes":
      return parseInteger(source, text, row);
    case "number":
      return parseNumber(source, text, row);
    case "sizes":
      return parseSizes(source, text, row);
  }
}

function parseSizes(
  source: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): readonly number[] {
  const sizes = /^\d{1,15}(,\d{1,15})*$/.test(text) ? text.split(",").map(Number) : [];
  const areSound = sizes.every((size, i) => size >= min && size <= max && size > (sizes[i - 1] ?? 0));
  if (sizes.length > 0 && areSound) return sizes;
  throw new UsageError(
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
  throw new UsageError(`${source} must be ${form} from ${row.min} to ${row.max}, got "${excerpt(text)}"`);
}

function parseNumber(
  source: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const value = /^\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${source} must be a number from ${min} to ${max}, got "${excerpt(text)}"`);
}
