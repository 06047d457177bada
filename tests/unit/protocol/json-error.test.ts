import { describe, expect, test } from "vitest";
import { jsonErrorMessage } from "../../../src/protocol/json-error.ts";

describe("jsonErrorMessage", () => {
  test.each([
    ["B1 an empty body", "", "JSON Parse error: The document is empty"],
    ["B14 white space", " \n", "JSON Parse error: The document is empty"],
    ["B2 no JSON at all", "instances = [1, 2]", "JSON Parse error: Invalid value. at offset: 0"],
    [
      "B4 trailing garbage",
      '{"instances":[1]} trailing',
      "JSON Parse error: The document root must not be followed by other values. at offset: 18",
    ],
    ["V8 NaN", '{"instances":[NaN]}', "JSON Parse error: Invalid value. at offset: 14"],
    ["B13 a trailing comma", '{"instances":[1,]}', "JSON Parse error: Invalid value. at offset: 16"],
    ["B13 a byte order mark", '\ufeff{"instances":[1]}', "JSON Parse error: Invalid value. at offset: 0"],
    ["a cut body", '{"instances":[1', "JSON Parse error: Invalid value. at offset: 15"],
  ])("says in TensorFlow Serving's words what is wrong with %s", (_, text, message) => {
    expect(jsonErrorMessage(text, parseError(text))).toBe(message);
  });

  test("names the key that is JSON and is refused", () => {
    const text = '{"__proto__":{}}';
    const error = new SyntaxError("Object contains forbidden prototype property");
    expect(jsonErrorMessage(text, error)).toBe('JSON Parse error: the key "__proto__" is refused.');
  });

  test.each([
    ["too long to be read twice", `${" ".repeat(70_000)}nope`],
    ["too deep to be read twice", `${"[".repeat(60_000)}nope`],
  ])("leaves the offset out of a text %s", (_, text) => {
    expect(jsonErrorMessage(text, parseError(text))).toBe("JSON Parse error: Invalid value.");
  });
});

function parseError(text: string): unknown {
  try {
    JSON.parse(text);
  } catch (error) {
    return error;
  }
  throw new Error(`this is JSON: ${text}`);
}
