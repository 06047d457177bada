import { describe, expect, test } from "vitest";
import { NDJSON_FORM } from "../../../src/cli/ndjson-form.ts";

const NAME = 'odd "name"\n,\\.png';

describe("NDJSON_FORM", () => {
  test.each([
    [{ name: NAME, prediction: "[1, 2]" }, undefined, { image: NAME, prediction: [1, 2] }, true],
    [{ name: NAME, prediction: "{}" }, "m/1.png", { image: NAME, mask: "m/1.png" }, true],
    [
      { name: NAME, error: { code: "INVALID_IMAGE", message: "no" } },
      undefined,
      { image: NAME, error: { code: "INVALID_IMAGE", message: "no" } },
      false,
    ],
  ])("writes %j as a line that it finds again", (outcome, maskFile, expected, isDone) => {
    const line = NDJSON_FORM.write(outcome, maskFile);
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual(expected);
    expect(NDJSON_FORM.read(line.slice(0, -1))).toEqual({ key: NAME, isDone });
  });

  test("writes a prediction as the server did, without its line breaks", () => {
    const prediction = '{\n    "id": 9007199254740993,\r\n    "score": 0.10\n}';
    expect(NDJSON_FORM.write({ name: "a", prediction })).toBe(
      '{"image":"a","prediction":{"id": 9007199254740993,"score": 0.10}}\n',
    );
  });

  test.each(["", "{}", '{"image":"a"}', '{"name":"a","prediction":1}', "a,b"])(
    "does not know %j",
    (record) => {
      expect(NDJSON_FORM.read(record)).toBeUndefined();
    },
  );
});
