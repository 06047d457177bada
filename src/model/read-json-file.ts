import type { z } from "zod";
import { StartupError } from "../errors.ts";
import { readTextFile } from "./read-text-file.ts";

/**
 * Returns the checked content of a JSON file, or undefined when there is no such file.
 *
 * @param modelDir the folder that links may not lead out of
 * @throws {StartupError} when it can't be read, is not JSON or does not fit the schema; one line that names the file and the key.
 */
export function readJsonFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  modelDir: string,
): z.infer<Schema> | undefined {
  const text = readTextFile(path, modelDir);
  if (text === undefined) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    // The message quotes the file, line feeds included.
    throw new StartupError(`${path} is not valid JSON: ${(error as Error).message.replace(/\s+/g, " ")}`);
  }
  const checked = schema.safeParse(content);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new StartupError(
    `${path}: ${issue === undefined ? "does not fit its schema" : describeIssue(issue)}`,
  );
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_union") {
    const [inner] = nearestBranch(issue.errors);
    if (inner !== undefined) return describeIssue({ ...inner, path: [...issue.path, ...inner.path] });
  }
  const where = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return `unknown key "${[...issue.path, issue.keys[0]].join(".")}"; see docs/serving-json.md for the keys`;
  }
  return where === "" ? issue.message : `${where}: ${issue.message}`;
}

/** Of the forms that a value may take, the one that it nearly has: the fewest issues, all of them inside it. */
function nearestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const alike = branches.filter((issues) => issues.every(({ path }) => path.length > 0));
  return alike.toSorted((a, b) => a.length - b.length)[0] ?? [];
}
