import { describe, expect, test } from "vitest";
import { parseExamples } from "../../../src/protocol/parse-examples.ts";
import { parseEnvelope } from "../../../src/protocol/parse-json.ts";
import { errorOf, seen } from "./error-of.ts";

function parse(text: string, maxInstances = 8) {
  return parseExamples(parseEnvelope(JSON.parse(text), text), { maxInstances });
}

/** The one example of a body, its features by name. */
function example(json: string): Record<string, unknown> {
  const [first] = parse(`{"examples":[${json}]}`).examples;
  if (first === undefined || first instanceof Error) throw first ?? new Error("no example");
  return Object.fromEntries(first);
}

describe("parseExamples", () => {
  test.each([
    ['{"x":1}', "int64", [1n]],
    ['{"x":[1,true,false]}', "int64", [1n, 1n, 0n]],
    ['{"x":9223372036854775807}', "int64", [2n ** 63n - 1n]],
    ['{"x":-9223372036854775808}', "int64", [-(2n ** 63n)]],
    ['{"x":80.0}', "float", [80]],
    ['{"x":[8.0,1e2]}', "float", [8, 100]],
    ['{"x":18446744073709551616}', "float", [2 ** 64]],
    ['{"x":["a",{"b64":"Yg=="}]}', "bytes", [new Uint8Array([97]), new Uint8Array([98])]],
  ])("reads the values of %s as %s", (json, kind, values) => {
    const { x } = example(json);
    expect(x).toEqual({ kind, values });
  });

  test("leaves a feature without values out", () => {
    expect(example('{"x":[],"y":1}')).toEqual({ y: { kind: "int64", values: [1n] } });
  });

  test("reads the context, its exact numbers too", () => {
    const { context } = parse('{"context":{"c":[2.0]},"examples":[{"x":1}]}');
    expect(context?.get("c")).toEqual({ kind: "float", values: [2] });
  });

  test.each([
    ["E3", "{}", "JSON Value: {} When method is classify, key 'examples' is expected and was not found"],
    ["E4", '{"examples":1}', "JSON Value: {\"examples\":1} Expecting 'examples' value to be an list/array"],
    ["E5", '{"examples":[]}', "JSON Value: {\"examples\":[]} 'examples' value is an empty array"],
    ["E6", '{"context":[1],"examples":[{}]}', "Example must be JSON object but got JSON Array"],
  ])("%s: refuses %s as a whole", (_, text, message) => {
    expect(errorOf(() => parse(text))).toEqual({ code: "INVALID_ARGUMENT", message });
  });

  test.each([
    ["E6", "[1]", "Example must be JSON object but got JSON Array"],
    ["E7", '{"names":null}', "Feature: names has element with unexpected JSON type: Null"],
    ["E7", '{"names":[{"a":1}]}', "Feature: names has element with unexpected JSON type: Object"],
    ["E7", '{"names":[[1]]}', "Feature: names has element with unexpected JSON type: Array"],
    ["E8", '{"names":[10,10.0]}', "Unexpected element type in feature: names expecting type: int64"],
    ["E8", '{"names":[10.0,10]}', "Unexpected element type in feature: names expecting type: float"],
    ["E8", '{"names":[10,"a"]}', "Unexpected element type in feature: names expecting type: int64"],
    ["E8", '{"names":["a",10]}', "Unexpected element type in feature: names expecting type: bytes"],
    [
      "E9",
      '{"names":9223372036854775808}',
      "Feature: names has uint64_t element. Only int64_t is supported.",
    ],
  ])("%s: an example %s stands as its error, the next as it is", (_, json, message) => {
    const [bad, good] = parse(`{"examples":[${json},{"x":1}]}`).examples;
    expect(bad instanceof Error && bad.message).toBe(message);
    expect(good).toBeInstanceOf(Map);
  });

  test("names the place of what is no base64", () => {
    const [bad] = parse('{"examples":[{"x":{"b64":"!"}}]}').examples;
    if (!(bad instanceof Error)) throw new Error("expected an error");
    expect(seen(bad as never)).toMatchObject({ code: "INVALID_BASE64" });
    expect(bad.message).toContain("examples[0].x.b64");
  });

  test("refuses more examples than MAX_INSTANCES", () => {
    expect(errorOf(() => parse('{"examples":[{},{}]}', 1)).code).toBe("TOO_MANY_INSTANCES");
  });
});
