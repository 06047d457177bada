import { describe, expect, test } from "vitest";
import { keyValuePairs } from "../../../src/config/key-value-pairs.ts";
import { refusal } from "../../support/onnx/refusal.ts";

describe("keyValuePairs", () => {
  test.each([
    ["", {}],
    ["a=1", { a: "1" }],
    [" a = 1 , b=2,", { a: "1", b: "2" }],
    ["a=b=c", { a: "b=c" }],
    ["a=x%2Cy%20%C3%A9", { a: "x,y é" }],
    ["a=", { a: "" }],
    ["a=1,a=2", { a: "2" }],
    ["__proto__=x", Object.fromEntries([["__proto__", "x"]])],
  ])("reads %j", (text, pairs) => {
    expect({ ...keyValuePairs("NAMES", text) }).toEqual(pairs);
  });

  test.each(["a", "=1", "a b=1", "a=%", "a=%ff"])("refuses %j without quoting it", (text) => {
    expect(refusal("-", () => keyValuePairs("NAMES", `x=secret,${text}`))).toBe(
      "NAMES must be pairs such as name=value with commas between them and values percent-encoded; number 2 is none",
    );
  });
});
