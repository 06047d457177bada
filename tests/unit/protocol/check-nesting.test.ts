import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkNesting } from "../../../src/protocol/check-nesting.ts";
import { errorOf } from "./error-of.ts";

const check = (text: string) => checkNesting(Buffer.from(text));
const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

describe("checkNesting", () => {
  test.each([
    ["64 lists", nested(64, "[", "]")],
    ["32 objects of lists", nested(32, '{"a":[', "]}")],
    ["lists side by side", `[${"[],".repeat(1_000)}[]]`],
    ["brackets in a string", `["${"[{".repeat(100)}"]`],
    ["brackets behind an escaped quote", `["\\"${"[".repeat(100)}"]`],
    ["a string that ends in a backslash", `["\\\\",${nested(63, "[", "]")}]`],
    ["what is no JSON", '}}]]"'],
    ["nothing", ""],
  ])("takes %s", (_, text) => {
    expect(() => check(text)).not.toThrow();
  });

  test.each([
    ["65 lists", nested(65, "[", "]")],
    ["33 objects of lists", nested(33, '{"a":[', "]}")],
    ["65 levels behind a string that ends in a backslash", `["\\\\",${nested(64, "[", "]")}]`],
    ["500,000 lists that never end", "[".repeat(500_000)],
  ])("refuses %s", (_, text) => {
    expect(errorOf(() => check(text)).code).toBe("INVALID_JSON");
  });

  test("takes every JSON of few levels", () => {
    fc.assert(fc.property(fc.json({ maxDepth: 20 }), check));
  });
});
