import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { servingJsonSchema } from "../../../src/model/serving-json.ts";

const PAGE = readFileSync(new URL("../../../docs/serving-json.md", import.meta.url), "utf8");

/** The keys that the page's tables explain. */
const EXPLAINED = PAGE.split("\n")
  .filter((line) => line.startsWith("| `"))
  .flatMap((line) => [...(line.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, key = ""]) => key));

/** What z.toJSONSchema gives, as far as it nests keys. */
interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly anyOf?: readonly JsonSchema[];
}

/** Returns the path of every key in a schema, `preprocess.resize.filter` among them. */
function keysOf({ properties = {}, anyOf = [] }: JsonSchema, prefix = ""): string[] {
  const own = Object.entries(properties).flatMap(([key, inner]) => [
    `${prefix}${key}`,
    ...keysOf(inner, `${prefix}${key}.`),
  ]);
  return [...own, ...anyOf.flatMap((branch) => keysOf(branch, prefix))];
}

describe("servingJsonSchema", () => {
  test("has the keys that docs/serving-json.md explains, none more and none less", () => {
    const keys = new Set(keysOf(z.toJSONSchema(servingJsonSchema) as JsonSchema));
    expect(keys.size).toBeGreaterThan(15);
    expect(EXPLAINED.toSorted()).toEqual([...keys].toSorted());
  });

  test("accepts the page's example of a model of six bands", () => {
    const section = PAGE.slice(
      PAGE.indexOf("\n## Raw arrays and many bands\n"),
      PAGE.indexOf("\n## The golden pair\n"),
    );
    const [, example = ""] = [...section.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => text);
    expect(servingJsonSchema.safeParse(JSON.parse(example))).toMatchObject({
      success: true,
      data: { preprocess: { color: "bands", mean: { length: 6 } } },
    });
  });

  test("accepts the page's own example", () => {
    const [, example = ""] = /```json\n([\s\S]*?)```/.exec(PAGE) ?? [];
    expect(servingJsonSchema.safeParse(JSON.parse(example))).toMatchObject({ success: true });
  });
});
