import { describe, expect, test } from "vitest";
import { parsePythonLiteral } from "../../../src/tensor/python-literal.ts";

describe("parsePythonLiteral", () => {
  test("reads a dict of names as Ultralytics writes it", () => {
    const names = `{0: 'person', 1: "driver's seat", 2: 'back\\\\slash', 3: 'caf\\xe9', 4: '木'}`;
    expect([...(parsePythonLiteral(names) as Map<number, string>)]).toEqual([
      [0, "person"],
      [1, "driver's seat"],
      [2, "back\\slash"],
      [3, "café"],
      [4, "木"],
    ]);
  });

  test.each<[string, unknown]>([
    ["[640, 640]", [640, 640]],
    ["(640, 640)", [640, 640]],
    ["(640,)", [640]],
    ["(640)", 640],
    ["[]", []],
    ["()", []],
    [" [ 1 , -2.5, 1e-3, +.5, 3., ] ", [1, -2.5, 1e-3, 0.5, 3]],
    ["'a, b: {c}'", "a, b: {c}"],
    ["'  kept  '", "  kept  "],
    ["'\\u6728 \\U0001f600 \\t\\''", "木 😀 \t'"],
    ["[True, False, None]", [true, false, null]],
    ["[true, null]", [true, null]],
    ['["a", "b"]', ["a", "b"]],
  ])("reads %s", (text, value) => {
    expect(parsePythonLiteral(text)).toEqual(value);
  });

  test("keeps __proto__ a key as any other", () => {
    expect(parsePythonLiteral("{'__proto__': 1, 'x': {}}")).toEqual(
      new Map<string, unknown>([
        ["__proto__", 1],
        ["x", new Map()],
      ]),
    );
  });

  test.each([
    "",
    "{",
    "{0 'a'}",
    "{0: 'a' 1: 'b'}",
    "{0: 'a',, 1: 'b'}",
    "{[1]: 2}",
    "{None: 2}",
    "[1 2]",
    "[,]",
    "'open",
    "'line\nfeed'",
    "'\\q'",
    "'\\xg0'",
    "'\\U00110000'",
    "1 2",
    "1_000",
    "0x10",
    "1.2.3",
    "__import__('os')",
    "Trueish",
    "[1] + [2]",
    "f'a'",
  ])("refuses %j", (text) => {
    expect(() => parsePythonLiteral(text)).toThrow(SyntaxError);
  });

  test("is bounded in depth and length", () => {
    expect(() => parsePythonLiteral("[".repeat(100_000))).toThrow(/nested deeper/);
    expect(() => parsePythonLiteral(" ".repeat(2 ** 21 + 1))).toThrow(/longer/);
  });
});
