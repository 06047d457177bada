import { excerpt, StartupError } from "../errors.ts";
import { type PythonValue, parsePythonLiteral } from "../tensor/python-literal.ts";
import { labelsByIndex } from "./label-files.ts";
import type { RecipeValues } from "./recipe.ts";

/** `metadata_props` of an ONNX file, and the file's path for messages. */
export interface MetadataText {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Pixels in 0..1, not normalised further. */
export const UNIT_RANGE: Pick<RecipeValues, "rescaleFactor" | "rescaleOffset" | "mean" | "std"> = {
  rescaleFactor: 1 / 255,
  rescaleOffset: 0,
  mean: [0],
  std: [1],
};

/**
 * Returns names by index, undefined where the key is missing: `{0: 'cat', 1: 'dog'}`, `["cat", "dog"]`, or the first
 * form in a list of one.
 *
 * @throws {StartupError} when it is something else.
 */
export function metadataLabels(text: MetadataText, key: string): readonly string[] | undefined {
  if (text.metadata[key] === undefined) return undefined;
  let stated = metadataLiteral(text, key);
  if (isList(stated) && stated.length === 1 && stated[0] instanceof Map) [stated] = stated;
  if (isList(stated) && stated.every((name) => typeof name === "string")) return stated;
  if (stated instanceof Map) {
    const names = [...stated].map(([index, name]) => [String(index), String(name)]);
    return labelsByIndex(`${text.path}: metadata "${key}"`, Object.fromEntries(names));
  }
  throw unexpectedMetadata(text, key, "names by index");
}

/**
 * Returns a value as Python's `repr` or JSON writes it.
 *
 * @throws {StartupError} when it is neither.
 */
export function metadataLiteral({ path, metadata }: MetadataText, key: string): PythonValue {
  try {
    return parsePythonLiteral(metadata[key] ?? "");
  } catch (error) {
    throw new StartupError(`${path}: metadata "${key}" can't be read: ${(error as Error).message}`);
  }
}

/** Returns the numbers of a list; none when it is something else. */
export function numbersOf(value: PythonValue | undefined): readonly number[] {
  return isList(value) && value.every((item) => typeof item === "number") ? value : [];
}

function isList(value: PythonValue | undefined): value is readonly PythonValue[] {
  return Array.isArray(value);
}

/** Returns the line for a value that is not what its convention writes. */
export function unexpectedMetadata(
  { path, metadata }: MetadataText,
  key: string,
  expected: string,
): StartupError {
  return new StartupError(
    `${path}: metadata "${key}": expected ${expected}, got ${excerpt(metadata[key] ?? "nothing")}`,
  );
}
