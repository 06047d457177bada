import { LosslessNumber } from "lossless-json";
import { describe, expect, test } from "vitest";
import { jsonTypeName, quoteJson } from "../../../src/protocol/quote-json.ts";

describe("quoteJson", () => {
  test.each(['{"b64":5}', "[1,[2,null],true]", '"x\\ny"', "{}", "[]", "null", "-1.5"])(
    "writes %s",
    (text) => {
      expect(quoteJson(JSON.parse(text))).toBe(text);
    },
  );

  test("writes a number token as it came", () => {
    expect(quoteJson(new LosslessNumber("1.0"))).toBe("1.0");
  });

  test("stops at 64 characters of a huge or deep value", () => {
    const deep = JSON.parse("[".repeat(500_000) + "]".repeat(500_000));
    for (const value of ["x".repeat(1e6), new Array(1e6).fill(1), deep, { ["k".repeat(1e6)]: 1 }]) {
      expect(quoteJson(value).length).toBeLessThanOrEqual(64);
    }
  });
});

describe("jsonTypeName", () => {
  test.each([
    [null, "Null"],
    [true, "True"],
    [false, "False"],
    ["a", "String"],
    [1, "Number"],
    [new LosslessNumber("1.0"), "Number"],
    [[], "Array"],
    [{}, "Object"],
  ])("names the type of %j", (value, name) => {
    expect(jsonTypeName(value)).toBe(name);
  });
});
