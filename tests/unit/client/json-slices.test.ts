import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { elementSlices } from "../../../src/client/json-slices.ts";

describe("elementSlices", () => {
  test("keeps each element as it stands", () => {
    const text =
      '{ "errors": [] ,\n "predictions" : [ 9007199254740993 , 0.10, [1, 2],{"a":"]}\\""},"x,y", null ] }';
    expect(elementSlices(text, "predictions")).toEqual([
      "9007199254740993",
      "0.10",
      "[1, 2]",
      '{"a":"]}\\""}',
      '"x,y"',
      "null",
    ]);
  });

  test.each(["{}", '{"predictions": {}}', '{"a": {"predictions": [1]}}', '{"predictions ": [1]}'])(
    "of %s is undefined: there is no such list",
    (text) => {
      expect(elementSlices(text, "predictions")).toBeUndefined();
    },
  );

  test("gives what JSON.parse gives, for any JSON", () => {
    const document = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(
        document,
        fc.array(fc.jsonValue()),
        fc.constantFrom(undefined, 1),
        (others, list, indent) => {
          const text = JSON.stringify({ ...others, predictions: list }, undefined, indent);
          const parsed = JSON.parse(text) as { predictions: unknown[] };
          const slices = elementSlices(text, "predictions") ?? [];
          expect(slices.map((slice) => JSON.parse(slice) as unknown)).toEqual(parsed.predictions);
        },
      ),
    );
  });
});
