import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Document, isScalar, isSeq, parse, parseDocument, visit } from "yaml";

/** The folder of all manifests. */
export const DEPLOY_DIR: string = fileURLToPath(new URL("../../deploy", import.meta.url));

/** Returns the text of a file of `deploy/`. */
export function readText(file: string): string {
  return readFileSync(`${DEPLOY_DIR}/${file}`, "utf8");
}

/** Returns what a YAML or JSON file of `deploy/` holds. */
export function readManifest(file: string): unknown {
  return parse(readText(file));
}

/** Returns the variables of a file with one `NAME=value` on each line. */
export function readVariables(file: string): Record<string, string> {
  const lines = readText(file)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return toVariables(lines);
}

/** Returns `NAME=value` texts as an environment. */
export function toVariables(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]),
  );
}

/**
 * Returns a CloudFormation template with every `!If` decided and every `!Ref` of a parameter that has a default replaced
 * by that; other functions stay as their text.
 *
 * @param conditions those that hold
 */
export function readTemplate(file: string, conditions: readonly string[] = []): unknown {
  const document: Document = parseDocument(readText(file));
  const { Parameters: parameters = {} } = document.toJS() as {
    Parameters?: Record<string, { Default?: unknown }>;
  };
  visit(document, {
    Seq: (_, node) => {
      if (node.tag !== "!If") return undefined;
      const [condition, yes, no] = node.items;
      const holds = isScalar(condition) && conditions.includes(String(condition.value));
      const chosen = holds ? yes : no;
      return isScalar(chosen) || isSeq(chosen) ? chosen : undefined;
    },
    Scalar: (_, node) => {
      if (node.tag !== "!Ref") return undefined;
      const value = parameters[String(node.value)]?.Default;
      return value === undefined ? undefined : document.createNode(value);
    },
  });
  return document.toJS();
}

/**
 * Returns what stands at a path of a manifest.
 *
 * @throws {Error} with the path where there is nothing.
 */
export function at(manifest: unknown, ...path: readonly (string | number)[]): unknown {
  let value = manifest;
  for (const key of path) {
    value = (value as Record<string | number, unknown> | null | undefined)?.[key];
    if (value === undefined) throw new Error(`the manifest has nothing at ${path.join(".")}`);
  }
  return value;
}

/** Returns a list of `{name, value}` as an environment, whatever the case of its keys. */
export function namedValues(list: unknown): Record<string, string> {
  return Object.fromEntries(
    (list as Record<string, unknown>[]).map((one) => [one.name ?? one.Name, String(one.value ?? one.Value)]),
  );
}
