import { describe, expect, test } from "vitest";
import { readParameters } from "../../../src/signature/parameters.ts";

describe("readParameters", () => {
  test("takes five entries when none is said", () => {
    expect(readParameters({})).toEqual({ k: 5 });
  });

  test.each([1, 3, 1e6])("takes k = %d", (k) => {
    expect(readParameters({ k })).toEqual({ k });
  });

  test("ignores what it does not know", () => {
    expect(readParameters({ temperature: 2 })).toEqual({ k: 5 });
  });

  test("does not take k from a prototype", () => {
    expect(readParameters(Object.create({ k: 2 }))).toEqual({ k: 5 });
  });

  test.each([[0], [-1], [1.5], ["3"], [null], [true], [[3]], [{ k: 3 }]])("refuses k = %j", (k) => {
    expect(() => readParameters({ k })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  test("quotes no more than 64 characters of what came", () => {
    expect(() => readParameters({ k: "x".repeat(1000) })).toThrow(/^.{1,120}$/);
  });
});
