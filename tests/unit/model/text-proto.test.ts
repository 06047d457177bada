import { describe, expect, test } from "vitest";
import { parseTextProto } from "../../../src/model/text-proto.ts";

const field = (name: string, line: number, value: unknown) => ({ name, line, value });

describe("parseTextProto", () => {
  test("reads fields, messages, lists, comments and both kinds of quotes", () => {
    const text = `# a model
name: "resnet" 'fifty'
max_batch_size: 8;
input [ { name: "x" dims: [ 3, 224, -1 ] }, { name: 'y' } ]
output < name: "a\\"b" >
empty: []
dynamic_batching { }`;
    expect(parseTextProto(text)).toEqual([
      field("name", 2, "resnetfifty"),
      field("max_batch_size", 3, "8"),
      field("input", 4, [
        field("name", 4, "x"),
        field("dims", 4, "3"),
        field("dims", 4, "224"),
        field("dims", 4, "-1"),
      ]),
      field("input", 4, [field("name", 4, "y")]),
      field("output", 5, [field("name", 5, 'a"b')]),
      field("dynamic_batching", 7, []),
    ]);
  });

  test.each([
    "name",
    "name 1",
    "name:",
    "a { b: 1",
    "a { b: 1 >",
    "}",
    "a: [1 2]",
    "a: [1,]",
    "a: 'open",
    "a: '\\q'",
    "1: 2",
    "a: !",
  ])("refuses %j", (text) => {
    expect(() => parseTextProto(text)).toThrow(SyntaxError);
  });

  test("says the line", () => {
    expect(() => parseTextProto("a: 1\nb: 'x\\ny'\n\nc }")).toThrow(/^line 4: /);
  });

  test("is bounded in depth and length", () => {
    expect(() => parseTextProto("a {".repeat(10_000))).toThrow(/nested deeper/);
    expect(() => parseTextProto(" ".repeat(2 ** 20 + 1))).toThrow(/longer/);
  });
});
