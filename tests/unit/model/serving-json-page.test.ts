import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { compositionJsonSchema } from "../../../src/model/composition-json.ts";
import { servingJsonSchema } from "../../../src/model/serving-json.ts";

const PAGE = readFileSync(new URL("../../../docs/serving-json.md", import.meta.url), "utf8");

const [SINGLE = "", COMPOSED = ""] = PAGE.split("\n## Composed models\n");

/** The keys that the tables of a part of the page explain. */
const explained = (part: string) =>
  part
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((line) => [...(line.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, key = ""]) => key));

/** What z.toJSONSchema gives, as far as it nests keys. */
interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  /** Of an object whose keys are names. */
  readonly additionalProperties?: JsonSchema | boolean;
}

/** Returns the path of every key in a schema, `preprocess.resize.filter` among them. */
function keysOf(schema: JsonSchema, prefix = ""): string[] {
  const { properties = {}, anyOf = [], oneOf = [], additionalProperties: named } = schema;
  const own = Object.entries(properties).flatMap(([key, inner]) => [
    `${prefix}${key}`,
    ...keysOf(inner, `${prefix}${key}.`),
  ]);
  const ofNames = typeof named === "object" ? keysOf(named, `${prefix}<name>.`) : [];
  return [...own, ...ofNames, ...[...anyOf, ...oneOf].flatMap((branch) => keysOf(branch, prefix))];
}

describe("servingJsonSchema", () => {
  test("has the keys that docs/serving-json.md explains, none more and none less", () => {
    const keys = new Set(keysOf(z.toJSONSchema(servingJsonSchema) as JsonSchema));
    expect(keys.size).toBeGreaterThan(15);
    expect(explained(SINGLE).toSorted()).toEqual([...keys].toSorted());
  });

  test("accepts the page's example of a model of six bands", () => {
    const section = PAGE.slice(
      PAGE.indexOf("\n## Raw arrays and many bands\n"),
      PAGE.indexOf("\n## The golden pair\n"),
    );
    const [, example = ""] = [...section.matchAll(/```json.*\n([\s\S]*?)```/g)].map(([, text]) => text);
    expect(servingJsonSchema.safeParse(JSON.parse(example))).toMatchObject({
      success: true,
      data: { preprocess: { color: "bands", mean: { length: 6 } } },
    });
  });

  test("accepts the page's own example", () => {
    const [, example = ""] = /```json.*\n([\s\S]*?)```/.exec(PAGE) ?? [];
    expect(servingJsonSchema.safeParse(JSON.parse(example))).toMatchObject({ success: true });
  });
});

describe("compositionJsonSchema", () => {
  test("has the keys that docs/serving-json.md explains, none more and none less", () => {
    const keys = new Set(keysOf(z.toJSONSchema(compositionJsonSchema) as JsonSchema));
    expect(keys.size).toBeGreaterThan(10);
    expect(explained(COMPOSED).toSorted()).toEqual([...keys].toSorted());
  });

  test("accepts the page's example", () => {
    const [, example = ""] = /```json.*\n([\s\S]*?)```/.exec(COMPOSED) ?? [];
    expect(compositionJsonSchema.safeParse(JSON.parse(example))).toMatchObject({ success: true });
  });
});
