import { describe, expect, test } from "vitest";
import { briefJson } from "../../../src/console/brief-json.ts";

describe("briefJson", () => {
  test("writes short values as JSON does", () => {
    const value = { a: [1, "x", null], b: { c: true }, d: {}, e: [] };
    expect(JSON.parse(briefJson(value))).toEqual(value);
  });

  test("says how many elements of a long list are not shown", () => {
    expect(briefJson([1, 2, 3, 4, 5], { elements: 2, characters: 100 })).toBe("[1, 2, … 3 more]");
  });

  test("puts lists within lists on lines of their own", () => {
    const text = briefJson([[1, 2, 3], [4]], { elements: 2, characters: 100 });
    expect(text).toBe("[\n  [1, 2, … 1 more],\n  [4]\n]");
  });

  test("cuts long texts and long answers", () => {
    expect(briefJson("x".repeat(1000))).toHaveLength(200 + 2 + 2);
    const keys = Object.fromEntries(Array.from({ length: 999 }, (_, i) => [`key ${i}`, i]));
    expect(briefJson(keys, { elements: 2, characters: 50 })).toHaveLength(52);
  });
});
