import { describe, expect, test } from "vitest";
import { parseEnvelope } from "../../../src/protocol/parse-json.ts";
import { errorOf } from "./error-of.ts";

const envelope = (text: string) => parseEnvelope(JSON.parse(text), text);
const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

describe("parseEnvelope", () => {
  test("takes the signature's name and the parameters", () => {
    const text = '{"signature_name":"top_k","parameters":{"k":3},"instances":[1],"extra":true}';
    expect(envelope(text)).toEqual({
      signatureName: "top_k",
      parameters: { k: 3 },
      body: JSON.parse(text),
      text,
    });
  });

  test("has no signature's name where the body has none or an empty one", () => {
    expect(envelope('{"instances":[1]}')).not.toHaveProperty("signatureName");
    expect(envelope('{"signature_name":""}')).not.toHaveProperty("signatureName");
  });

  test.each([
    ["B3 a list", "[1,2]", "JSON Value: [1,2] Is not object"],
    ["B3 a string", '"a"', 'JSON Value: "a" Is not object'],
    ["B14 null", "null", "JSON Value: null Is not object"],
    ["B14 a number", "5", "JSON Value: 5 Is not object"],
    [
      "B7 signature_name that is a number",
      '{"signature_name":100}',
      "JSON Value: {\"signature_name\":100} not formatted correctly. 'signature_name' key must be a string value.",
    ],
    [
      "signature_name that is null",
      '{"signature_name":null}',
      "JSON Value: {\"signature_name\":null} not formatted correctly. 'signature_name' key must be a string value.",
    ],
    ["parameters that are a list", '{"parameters":[1]}', "parameters: expected an object, got [1]"],
    ["parameters that are null", '{"parameters":null}', "parameters: expected an object, got null"],
  ])("refuses %s", (_, text, message) => {
    expect(errorOf(() => envelope(text))).toEqual({ code: "INVALID_ARGUMENT", message });
  });

  test("B6 says what is wrong with a signature_name of 500,000 levels", () => {
    const text = `{"signature_name":${nested(500_000, "[", "]")}}`;
    const { code, message } = errorOf(() => envelope(text));
    expect(code).toBe("INVALID_ARGUMENT");
    expect(message).toMatch(/^JSON Value: .{0,64} not formatted correctly\. 'signature_name' key must be/);
  });

  test.each([
    ["B5 500,000 lists", `{"instances":[1],"nested":${nested(500_000, "[", "]")}}`],
    ["B10 500,000 objects", `{"a":${nested(500_000, '{"a":', "}").replace(":}", ":1}")}}`],
    ["100,000 keys", `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":1`).join(",")}}`],
  ])("walks %s without a stack overflow", (_, text) => {
    expect(() => envelope(text)).not.toThrow();
  });

  test.each(['{"instances":["\\ud800"]}', '{"key":{"a":["x\\udc00"]}}', '{"x":"\\ude00\\ud83d"}'])(
    "B13 refuses half of a surrogate pair: %s",
    (text) => {
      expect(errorOf(() => envelope(text))).toEqual({
        code: "INVALID_JSON",
        message: "JSON Parse error: The surrogate pair in string is invalid.",
      });
    },
  );

  test("takes whole surrogate pairs", () => {
    expect(() => envelope('{"instances":["\\ud83d\\ude00", "😀"]}')).not.toThrow();
  });

  test.each(['{"instances":[[1e999]]}', '{"x":-1e999}', '{"parameters":{"k":1e999}}'])(
    "B13 refuses a number that overflows a double: %s",
    (text) => {
      expect(errorOf(() => envelope(text)).code).toBe("INVALID_JSON");
    },
  );

  test("B11 takes `__proto__` as a key like any other", () => {
    const { body, parameters } = envelope('{"__proto__":{"signature_name":"x","parameters":{"k":1}}}');
    expect(parameters).toEqual({});
    expect(Object.getPrototypeOf(body)).toBe(Object.prototype);
  });
});
