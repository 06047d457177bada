import { describe, expect, test } from "vitest";
import { parseEnvelope } from "../../../src/protocol/parse-json.ts";
import { parseTfs } from "../../../src/protocol/parse-tfs.ts";
import type { Instance, ModelInputs } from "../../../src/protocol/predict-request.ts";
import type { DType } from "../../../src/tensor/dtype.ts";
import { mergeRows } from "../../../src/tensor/rows.ts";
import type { Dimension, Tensor } from "../../../src/tensor/tensor.ts";
import { errorOf, seen } from "./error-of.ts";

/** A model of one input x, or of the inputs named. */
function model(dtype: DType, shape: readonly Dimension[] = ["N"], names = ["x"]): ModelInputs {
  return { inputs: names.map((name) => ({ name, dtype, shape })), batching: "rows" };
}

function parse(text: string, inputs: ModelInputs, maxInstances = 1024) {
  return parseTfs(parseEnvelope(JSON.parse(text), text), inputs, { maxInstances });
}

function instances(text: string, inputs: ModelInputs): readonly Instance[] {
  const request = parse(text, inputs);
  if (request.inputs.kind !== "instances") throw new Error("not instances");
  return request.inputs.instances;
}

/** The rows of input `name`, merged; every instance must be one. */
function rows(text: string, inputs: ModelInputs, name = "x"): Tensor {
  return mergeRows(
    instances(text, inputs).map((instance) => {
      if (instance.kind !== "row") throw instance.kind === "bad" ? instance.error : new Error("an image");
      return instance.row[name] as Tensor;
    }),
  );
}

function columns(text: string, inputs: ModelInputs) {
  const request = parse(text, inputs);
  if (request.inputs.kind !== "tensors") throw new Error("not tensors");
  return request.inputs.tensors;
}

/** The errors of the bad instances. */
function bad(text: string, inputs: ModelInputs) {
  return instances(text, inputs).flatMap((instance) =>
    instance.kind === "bad" ? [seen(instance.error)] : [],
  );
}

const rowError = (index: number, message: string, key = "") =>
  `Failed to process element: ${index}${key} of 'instances' list. Error: INVALID_ARGUMENT: ${message}`;

describe("parseTfs", () => {
  describe("of the body", () => {
    test.each([
      ["B9 neither key", "{}", "Missing 'inputs' or 'instances' key"],
      [
        "B10 both keys",
        '{"instances":[1],"inputs":[1]}',
        "JSON Value: {\"instances\":[1],\"inputs\":[1]} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
      ],
      [
        "B11 instances that are an object",
        '{"instances":{"a":1}}',
        'JSON Value: {"instances":{"a":1}} Expecting \'instances\' to be an list/array',
      ],
      [
        "B12 no instances",
        '{"instances":[]}',
        "JSON Value: {\"instances\":[]} No values in 'instances' array",
      ],
    ])("refuses %s", (_, text, message) => {
      expect(errorOf(() => parse(text, model("float32")))).toEqual({ code: "INVALID_ARGUMENT", message });
    });

    test("B13 ignores unknown top-level keys", () => {
      expect(rows('{"instances":[1],"extra":true}', model("float32")).shape).toEqual([1]);
    });

    test("passes the signature's name, the parameters and the format on", () => {
      const text = '{"instances":[1],"signature_name":"top_k","parameters":{"k":2}}';
      expect(parse(text, model("float32"))).toMatchObject({
        signatureName: "top_k",
        parameters: { k: 2 },
        format: "row",
      });
      expect(parse('{"inputs":[1]}', model("float32")).format).toBe("columnar");
    });

    test("B7 refuses more instances than the limit, in either format", () => {
      for (const text of ['{"instances":[1,2,3]}', '{"inputs":[1,2,3]}']) {
        expect(errorOf(() => parse(text, model("float32"), 2)).code).toBe("TOO_MANY_INSTANCES");
        expect(() => parse(text, model("float32"), 3)).not.toThrow();
      }
    });
  });

  describe("of row values", () => {
    test.each<[string, DType, Dimension[], string, number[], unknown[]]>([
      ["V1 rows", "int32", ["N", 2], "[[1,2],[3,4],[5,6]]", [3, 2], [1, 2, 3, 4, 5, 6]],
      ["V2 rows of floats", "float32", ["N", 2], "[[1.0,2.0],[3.0,4.0]]", [2, 2], [1, 2, 3, 4]],
      ["V3 scalars", "float32", ["N"], "[1.0,2.0]", [2], [1, 2]],
      [
        "V4 mixed",
        "float32",
        ["N"],
        "[1,2.0,3,4,5.003,0.007,0.0]",
        [7],
        [1, 2, 3, 4, 5.003, 0.007, 0].map(Math.fround),
      ],
      ["V5 an integer that float32 rounds", "float32", ["N"], "[1435774380]", [1], [1435774336]],
      ["V5 the same with a point", "float32", ["N"], "[1435774380.0]", [1], [1435774336]],
      [
        "V6 overflow",
        "float32",
        ["N"],
        "[1.7976931348623157e308,-1.7976931348623157e308]",
        [2],
        [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      ],
      ["V7 underflow", "float32", ["N"], "[2.2e-308,-2.2e-308]", [2], [0, -0]],
      ["V33 half", "float16", ["N"], "[1,-2,65504,1e9]", [4], [0x3c00, 0xc000, 0x7bff, 0x7c00]],
      ["doubles", "float64", ["N"], "[0.1,1e308]", [2], [0.1, 1e308]],
      ["bool", "bool", ["N"], "[true,false]", [2], [1, 0]],
      ["int8", "int8", ["N"], "[-128,127,-0]", [3], [-128, 127, 0]],
      ["uint8", "uint8", ["N"], "[0,255]", [2], [0, 255]],
      ["uint32", "uint32", ["N"], "[4294967295]", [1], [4294967295]],
      [
        "int64 past 2^53",
        "int64",
        ["N"],
        "[9007199254740993,-9223372036854775808,9223372036854775807,0]",
        [4],
        [9007199254740993n, -9223372036854775808n, 9223372036854775807n, 0n],
      ],
      ["uint64", "uint64", ["N"], "[18446744073709551615]", [1], [18446744073709551615n]],
      [
        "V25 b64 strings",
        "string",
        ["N"],
        '[{"b64":"aGVsbG8="},{"b64":"d29ybGQ="}]',
        [2],
        ["hello", "world"],
      ],
      [
        "V26 lists of b64 strings",
        "string",
        ["N", 1],
        '[[{"b64":"aGVsbG8="}],[{"b64":"d29ybGQ="}]]',
        [2, 1],
        ["hello", "world"],
      ],
      [
        "V27 named strings",
        "string",
        ["N", 2, 1],
        '[{"x":[[{"b64":"aGVsbG8="}],[{"b64":"d29ybGQ="}]]}]',
        [1, 2, 1],
        ["hello", "world"],
      ],
      ["V28 plain and b64 strings", "string", ["N"], '["plain",{"b64":"d29ybGQ="}]', [2], ["plain", "world"]],
      ["named rows", "float32", ["N", 1], '[{"x":[1]},{"x":[2]}]', [2, 1], [1, 2]],
      ["rows without elements", "float32", ["N", 0], "[[],[]]", [2, 0], []],
    ])("takes %s", (_, dtype, shape, list, expectedShape, expected) => {
      const merged = rows(`{"instances":${list}}`, model(dtype, shape));
      expect(merged.shape).toEqual(expectedShape);
      expect([...merged.data]).toEqual(expected);
    });

    test.each<[string, DType, Dimension[], string, number, string]>([
      [
        "V9 a string for a float",
        "float32",
        ["N"],
        '["x","y"]',
        0,
        'JSON Value: "x" Type: String is not of expected type: float',
      ],
      [
        "V9 a string in a row",
        "int32",
        ["N", 2],
        '[[1,2],["a","b"]]',
        1,
        'JSON Value: "a" Type: String is not of expected type: int32',
      ],
      [
        "V10 a fraction for int32",
        "int32",
        ["N"],
        "[1.0]",
        0,
        "JSON Value: 1.0 Type: Number is not of expected type: int32",
      ],
      [
        "V10 an exponent for int32",
        "int32",
        ["N"],
        "[1e2]",
        0,
        "JSON Value: 1e2 Type: Number is not of expected type: int32",
      ],
      [
        "V10 past int32",
        "int32",
        ["N"],
        "[2147483648]",
        0,
        "JSON Value: 2147483648 Type: Number is not of expected type: int32",
      ],
      ["past int8", "int8", ["N"], "[128]", 0, "JSON Value: 128 Type: Number is not of expected type: int8"],
      [
        "past uint8",
        "uint8",
        ["N"],
        "[256]",
        0,
        "JSON Value: 256 Type: Number is not of expected type: uint8",
      ],
      [
        "below uint16",
        "uint16",
        ["N"],
        "[-1]",
        0,
        "JSON Value: -1 Type: Number is not of expected type: uint16",
      ],
      [
        "past int64",
        "int64",
        ["N"],
        "[9223372036854775808]",
        0,
        "JSON Value: 9223372036854775808 Type: Number is not of expected type: int64",
      ],
      [
        "below uint64",
        "uint64",
        ["N"],
        "[-1]",
        0,
        "JSON Value: -1 Type: Number is not of expected type: uint64",
      ],
      [
        "V11 a number for bool",
        "bool",
        ["N"],
        "[1]",
        0,
        "JSON Value: 1 Type: Number is not of expected type: bool",
      ],
      [
        "V12 null",
        "float32",
        ["N"],
        "[null]",
        0,
        "JSON Value: null Type: Null is not of expected type: float",
      ],
      [
        "a bool for a float",
        "float32",
        ["N"],
        "[true]",
        0,
        "JSON Value: true Type: True is not of expected type: float",
      ],
      [
        "V13 another size",
        "float32",
        ["N", 2],
        "[[1,2],[3,4],[5,6,7]]",
        2,
        "Expecting tensor size: 2 but got: 3",
      ],
      ["V14 another shape", "float32", ["N", 2], "[[1,2],[[5,6]]]", 1, "Expecting shape [2] but got: [1,2]"],
      ["V15 a list after a scalar", "float32", ["N"], "[1,[1]]", 1, "Expecting shape [] but got: [1]"],
      [
        "V16 ragged lists",
        "float32",
        ["N", 2, 2],
        "[[[1,2],[3]]]",
        0,
        "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
      ],
      [
        "V17 a list among numbers",
        "float32",
        ["N", 2],
        "[[1,[2]]]",
        0,
        "Encountered list at unexpected level: 1 expected < 1",
      ],
      [
        "V18 a number among lists",
        "float32",
        ["N", 2, 1],
        "[[[1],2]]",
        0,
        "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
      ],
      [
        "V32 b64 for a float",
        "float32",
        ["N"],
        '[{"b64":"AAAA"}]',
        0,
        'JSON Value: {"b64":"AAAA"} Type: Object is not of expected type: float',
      ],
      [
        "a row that the model does not take",
        "float32",
        ["N", 3],
        "[[1,2]]",
        0,
        "input 'x': expected shape [3], got [2]",
      ],
      [
        "bytes that are not text",
        "string",
        ["N"],
        '[{"b64":"/w=="}]',
        0,
        'JSON Value: {"b64":"/w=="} is not UTF-8 text, and the model\'s strings are',
      ],
    ])("marks as bad %s", (_, dtype, shape, list, instance, message) => {
      const errors = bad(`{"instances":${list}}`, model(dtype, shape));
      expect(errors[0]).toEqual({ code: "INVALID_ARGUMENT", message: rowError(instance, message), instance });
    });

    test("V29 marks a string that is not base64 as bad, with path and offset", () => {
      expect(bad('{"instances":["fine",{"b64":"***"}]}', model("string"))).toEqual([
        {
          code: "INVALID_BASE64",
          message: rowError(1, "Unable to base64 decode: instances[1]: expected base64, got '*' at offset 0"),
          instance: 1,
        },
      ]);
    });

    test("V19 marks a list among objects as bad", () => {
      expect(bad('{"instances":[{"x":1},[2],{"x":3}]}', model("float32"))).toEqual([
        {
          code: "INVALID_ARGUMENT",
          message: "Expecting object but got list at item 1 of input list",
          instance: 1,
        },
      ]);
    });

    test("V20 marks an object among lists as bad", () => {
      expect(bad('{"instances":[1,{"x":2},3]}', model("float32"))).toEqual([
        {
          code: "INVALID_ARGUMENT",
          message: "Expecting value/list but got object at item 1 of input list",
          instance: 1,
        },
      ]);
    });

    test.each([
      [
        "V21 an unknown name",
        '[{"q":1}]',
        "float32",
        rowError(0, "JSON object: does not have named input: q", " key: q"),
      ],
      [
        "V30 b64 that is a number",
        '[{"b64":5}]',
        "string",
        rowError(0, "JSON object: does not have named input: b64", " key: b64"),
      ],
      [
        "V30 b64 beside a name",
        '[{"b64":"aGk=","x":"1"}]',
        "string",
        rowError(0, "JSON object: does not have named input: b64", " key: b64"),
      ],
      [
        "V31 a named b64 that is a number",
        '[{"x":{"b64":5}}]',
        "string",
        rowError(0, 'JSON Value: {"b64":5} not formatted correctly for base64 data', " key: x"),
      ],
      [
        "B11 __proto__",
        '[{"__proto__":1}]',
        "float32",
        rowError(0, "JSON object: does not have named input: __proto__", " key: __proto__"),
      ],
      [
        "an empty object",
        "[{}]",
        "float32",
        "Failed to process element: 0 of 'instances' list. JSON object: {} keys must be equal to: x",
      ],
    ] as const)("marks as bad %s", (_, list, dtype, message) => {
      expect(bad(`{"instances":${list}}`, model(dtype))).toEqual([
        { code: "INVALID_ARGUMENT", message, instance: 0 },
      ]);
    });

    test("V22 marks an object without all inputs as bad", () => {
      expect(bad('{"instances":[{"a":1}]}', model("float32", ["N"], ["b", "a"]))).toEqual([
        {
          code: "INVALID_ARGUMENT",
          message:
            "Failed to process element: 0 of 'instances' list. JSON object: {\"a\":1} keys must be equal to: a,b",
          instance: 0,
        },
      ]);
    });

    test("V23 refuses a plain list for two inputs", () => {
      expect(errorOf(() => parse('{"instances":[1]}', model("float32", ["N"], ["a", "b"])))).toEqual({
        code: "INVALID_ARGUMENT",
        message:
          "instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map",
      });
    });

    test("V24 marks an object as bad when one of its tensors changes shape or size", () => {
      const two = model("float32", ["N", "a", "b"], ["a", "b"]);
      const list = '[{"a":[[1]],"b":[[1,2]]},{"a":[[1]],"b":[[1],[2]]},{"a":[[1]],"b":[[1]]}]';
      expect(bad(`{"instances":${list}}`, two)).toEqual([
        {
          code: "INVALID_ARGUMENT",
          message: rowError(1, "Expecting shape [1,2] but got: [2,1]", " key: b"),
          instance: 1,
        },
        {
          code: "INVALID_ARGUMENT",
          message: rowError(2, "Expecting tensor size: 2 but got: 1", " key: b"),
          instance: 2,
        },
      ]);
    });

    test("reads two named inputs", () => {
      const two = model("int64", ["N"], ["a", "b"]);
      const text = '{"instances":[{"a":1,"b":9007199254740993},{"b":4,"a":3}]}';
      expect([...rows(text, two, "a").data]).toEqual([1n, 3n]);
      expect([...rows(text, two, "b").data]).toEqual([9007199254740993n, 4n]);
    });

    test("lets the first good instance decide, not a bad one", () => {
      const errors = bad('{"instances":[[1,2,3],[1,2],[3,4]]}', model("float32", ["N", 2]));
      expect(errors.map(({ instance }) => instance)).toEqual([0]);
    });

    test("holds the stacked rows against the whole shape when there is no batch axis", () => {
      const whole: ModelInputs = { ...model("float32", [2, 3]), batching: "whole" };
      expect(bad('{"instances":[[1,2,3],[4,5,6]]}', whole)).toEqual([]);
      expect(bad('{"instances":[[1,2,3]]}', whole)[0]?.message).toBe(
        rowError(0, "input 'x': expected shape [2, 3], got [1, 3]"),
      );
    });

    test("ignores the axis 0 that the graph declares when it is the batch", () => {
      expect(rows('{"instances":[[1],[2],[3]]}', model("float32", [1, 1])).shape).toEqual([3, 1]);
    });

    test("echoes a key beside named inputs, unless an input has that name", () => {
      expect(instances('{"instances":[{"x":1,"key":{"z":[1]}}]}', model("int64"))).toMatchObject([
        { kind: "row", key: { z: [1] } },
      ]);
      expect(instances('{"instances":[{"key":1}]}', model("int64", ["N"], ["key"]))[0]).not.toHaveProperty(
        "key",
      );
    });

    test("keeps the key of a bad instance", () => {
      expect(instances('{"instances":[{"x":"a","key":"tile"}]}', model("float32"))).toMatchObject([
        { kind: "bad", key: "tile" },
      ]);
    });

    test("allots no memory that ragged lists only claim", () => {
      const ones = `[${new Array(20_000).fill(1).join(",")}]`;
      const list = `[[${ones}${",[]".repeat(9_999)}]${",[]".repeat(9_999)}]`;
      expect(bad(`{"instances":[${list}]}`, model("float64", ["N", "a", "b", "c"]))[0]?.message).toContain(
        "Encountered list at unexpected size: 0 at level: 2 expected size: 20000",
      );
    });

    test("keeps the last of duplicate keys, for exact numbers as for others", () => {
      expect([...rows('{"instances":[1],"instances":[2]}', model("int64")).data]).toEqual([2n]);
      expect([...rows('{"instances":[1],"instances":[2]}', model("float32")).data]).toEqual([2]);
    });

    test("takes fractions for a float beside an integer input", () => {
      const mixed: ModelInputs = {
        inputs: [
          { name: "a", dtype: "float32", shape: ["N"] },
          { name: "b", dtype: "int64", shape: ["N"] },
        ],
        batching: "rows",
      };
      expect([...rows('{"instances":[{"a":1.5,"b":2}]}', mixed, "a").data]).toEqual([1.5]);
    });
  });

  describe("of columns", () => {
    test.each<[string, DType, string, number[], unknown[]]>([
      ["C1 a list", "float32", '{"inputs":[3.0,4.0]}', [2], [3, 4]],
      ["C2 an object with an extra key", "float32", '{"inputs":{"x":[3.0,4.0],"junk":1}}', [2], [3, 4]],
      ["exact integers", "int64", '{"inputs":[9007199254740993]}', [1], [9007199254740993n]],
      ["strings", "string", '{"inputs":["a",{"b64":"aGk="}]}', [2], ["a", "hi"]],
    ])("takes %s", (_, dtype, text, shape, expected) => {
      const tensor = columns(text, model(dtype)).x;
      expect(tensor?.shape).toEqual(shape);
      expect([...(tensor?.data ?? [])]).toEqual(expected);
    });

    test.each<[string, DType, string, unknown[]]>([
      ["C5 a b64 string", "string", '{"inputs":{"b64":"aGVsbG8="}}', ["hello"]],
      ["C6 a number", "float32", '{"inputs":5}', [5]],
    ])("takes %s as a scalar", (_, dtype, text, expected) => {
      const tensor = columns(text, { ...model(dtype, []), batching: "whole" }).x;
      expect(tensor?.shape).toEqual([]);
      expect([...(tensor?.data ?? [])]).toEqual(expected);
    });

    test("lets each input keep its own first dimension when there is no batch axis", () => {
      const whole: ModelInputs = { ...model("float32", ["n"], ["a", "b"]), batching: "whole" };
      const { a, b } = columns('{"inputs":{"a":[1,2],"b":[3]}}', whole);
      expect([a?.shape, b?.shape]).toEqual([[2], [1]]);
    });

    const two = model("float32", ["N"], ["a", "b"]);
    test.each<[string, ModelInputs, string, string]>([
      ["C3 a missing input", two, '{"inputs":{"a":[1]}}', "Missing named input: b in 'inputs' object."],
      [
        "C4 a plain list for two inputs",
        two,
        '{"inputs":[1]}',
        "inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map",
      ],
      [
        "Q6 tensors of different rows",
        two,
        '{"inputs":{"a":[1,2],"b":[1]}}',
        "Batching Run() input tensors must have equal 0th-dimension size",
      ],
      [
        "V9 a string",
        model("float32"),
        '{"inputs":["x"]}',
        'JSON Value: "x" Type: String is not of expected type: float',
      ],
      [
        "V16 ragged lists",
        model("float32", ["N", 2]),
        '{"inputs":[[1,2],[3]]}',
        "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
      ],
      [
        "a shape that the model does not take",
        model("float32", [4, 2]),
        '{"inputs":[[1,2,3]]}',
        "input 'x': expected shape [N, 2], got [1, 3]",
      ],
      [
        "a scalar where rows are batched",
        model("float32"),
        '{"inputs":5}',
        "input 'x': expected shape [N], got []",
      ],
      ["no rows", model("float32"), '{"inputs":[]}', "inputs: expected at least one row, got none"],
      [
        "B11 an inherited name",
        model("float32", ["N"], ["toString"]),
        '{"inputs":{}}',
        "Missing named input: toString in 'inputs' object.",
      ],
    ])("refuses %s", (_, inputs, text, message) => {
      expect(errorOf(() => parse(text, inputs))).toEqual({ code: "INVALID_ARGUMENT", message });
    });

    test("V29 refuses a string that is not base64", () => {
      expect(errorOf(() => parse('{"inputs":[{"b64":"***"}]}', model("string")))).toEqual({
        code: "INVALID_BASE64",
        message: "Unable to base64 decode: inputs: expected base64, got '*' at offset 0",
      });
    });
  });

  describe("of images", () => {
    const images: ModelInputs = { ...model("uint8", ["N", 2, 1], ["pixels"]), imageInput: "pixels" };
    const hello = new Uint8Array(Buffer.from("hello"));

    test.each([
      ["image_bytes", '{"image_bytes":{"b64":"aGVsbG8="}}'],
      ["the input's name", '{"pixels":{"b64":"aGVsbG8="}}'],
      ["b64 alone", '{"b64":"aGVsbG8="}'],
    ])("takes %s", (_, instance) => {
      expect(instances(`{"instances":[${instance}]}`, images)).toEqual([{ kind: "image", bytes: hello }]);
    });

    test("takes a key beside each form", () => {
      const text =
        '{"instances":[{"b64":"aGVsbG8=","key":"a"},{"image_bytes":{"b64":"aGVsbG8="},"key":null}]}';
      expect(instances(text, images)).toEqual([
        { kind: "image", bytes: hello, key: "a" },
        { kind: "image", bytes: hello, key: null },
      ]);
    });

    test.each(["[[1],[2]]", '{"pixels":[[1],[2]]}'])("takes preprocessed rows: %s", (instance) => {
      expect(instances(`{"instances":[${instance}]}`, images)).toEqual([
        { kind: "row", row: { pixels: { dtype: "uint8", shape: [2, 1], data: Uint8Array.of(1, 2) } } },
      ]);
    });

    test("takes images and rows of exact numbers in one request", () => {
      const kinds = instances('{"instances":[{"b64":"aGVsbG8="},[[1],[2.0]],[[1],[2]]]}', images);
      expect(kinds.map(({ kind }) => kind)).toEqual(["image", "bad", "row"]);
    });

    test.each([
      ["a bare string, which TensorFlow Serving reads as bytes", '{"image_bytes":"aGVsbG8="}'],
      ["a bare string as the instance", '"aGVsbG8="'],
      ["null", "null"],
      ["a number", "5"],
      ["B8 b64 that is a number", '{"b64":5}'],
      ["B8 an empty image_bytes", '{"image_bytes":{}}'],
      ["an empty object", "{}"],
      ["another name", '{"q":{"b64":"aGVsbG8="}}'],
      ["two names", '{"b64":"aGVsbG8=","q":1}'],
    ])("marks as bad %s", (_, instance) => {
      const [error] = bad(`{"instances":[${instance}]}`, images);
      expect(error).toMatchObject({ code: "INVALID_ARGUMENT", instance: 0 });
      expect(error?.message).toMatch(
        /^Failed to process element: 0 of 'instances' list\. Error: INVALID_ARGUMENT: instances\[0\]/,
      );
    });

    test("V29 marks an image that is not base64 as bad and leaves the others", () => {
      const list = instances('{"instances":[{"b64":"aGVsbG8="},{"image_bytes":{"b64":"a!Vs"}}]}', images);
      expect(list[0]).toEqual({ kind: "image", bytes: hello });
      expect(list[1]?.kind === "bad" && seen(list[1].error)).toEqual({
        code: "INVALID_BASE64",
        message: rowError(
          1,
          "Unable to base64 decode: instances[1].image_bytes.b64: expected base64, got '!' at offset 1",
        ),
        instance: 1,
      });
    });

    test.each([
      '{"inputs":[{"b64":"aGVsbG8="},{"b64":"!"}]}',
      '{"inputs":{"image_bytes":[{"b64":"aGVsbG8="},{"b64":"!"}]}}',
      '{"inputs":{"pixels":[{"b64":"aGVsbG8="},"aGVsbG8="]}}',
    ])("takes columns of images: %s", (text) => {
      const request = parse(text, images);
      expect(request.format).toBe("columnar");
      expect(instances(text, images)).toMatchObject([
        { kind: "image", bytes: hello },
        { kind: "bad", error: { instance: 1 } },
      ]);
    });

    test("takes columns of raw arrays, and refuses one that stands alone", () => {
      const array = '{"b64":"aGVsbG8=","shape":[1,5]}';
      const read = { kind: "image", bytes: hello, array: { dtype: "uint8", shape: [1, 5] } };
      expect(instances(`{"inputs":{"pixels":[${array}]}}`, images)).toEqual([read]);
      expect(errorOf(() => parse(`{"inputs":${array}}`, images))).toEqual({
        code: "INVALID_ARGUMENT",
        message: `inputs: expected a list of {"b64": "<base64>"}, got ${array}`,
      });
    });

    test("frames what is wrong with a raw array as TensorFlow Serving does", () => {
      expect(bad('{"instances":[{"image_bytes":{"b64":"aGVsbG8=","shape":[2,5]}}]}', images)).toEqual([
        {
          code: "INVALID_ARGUMENT",
          message: rowError(0, "instances[0].image_bytes: expected 10 bytes for [2, 5] uint8, got 5"),
          instance: 0,
        },
      ]);
    });

    test.each(['{"inputs":[[[1],[2]]]}', '{"inputs":{"pixels":[[[1],[2]]]}}'])(
      "takes columns of preprocessed rows: %s",
      (text) => {
        expect(columns(text, images).pixels).toEqual({
          dtype: "uint8",
          shape: [1, 2, 1],
          data: Uint8Array.of(1, 2),
        });
      },
    );

    test.each([
      '{"inputs":{"b64":"aGVsbG8="}}',
      '{"inputs":[]}',
      '{"inputs":{"q":[]}}',
      '{"inputs":5}',
      '{"inputs":{"image_bytes":[[1]]}}',
    ])("refuses columns that are neither: %s", (text) => {
      expect(errorOf(() => parse(text, images)).code).toBe("INVALID_ARGUMENT");
    });
  });
});
