import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import { openInferenceInputs } from "../../../src/protocol/open-inference-inputs.ts";
import { parseEnvelope } from "../../../src/protocol/parse-json.ts";
import { type InferenceInput, parseOpenInference } from "../../../src/protocol/parse-open-inference.ts";
import type { Instance, ModelInputs } from "../../../src/protocol/predict-request.ts";
import { elementCount } from "../../../src/tensor/tensor.ts";
import { errorOf } from "./error-of.ts";

const IMAGES: ModelInputs = {
  inputs: [{ name: "image", dtype: "float32", shape: ["N", 3, 2, 2] }],
  imageInput: "image",
  batching: "rows",
};
const BYTE_IMAGES: ModelInputs = {
  ...IMAGES,
  inputs: [{ name: "image", dtype: "uint8", shape: ["N", 2, 2, 3] }],
};
const PAIR: ModelInputs = {
  inputs: [
    { name: "a", dtype: "float32", shape: ["N", 2] },
    { name: "b", dtype: "int64", shape: ["N"] },
  ],
  batching: "rows",
};

interface Given {
  readonly name?: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly parameters?: Record<string, unknown>;
  readonly data?: unknown;
  readonly bytes?: Uint8Array;
}

function input({ name = "image", datatype, shape, parameters = {}, data, bytes }: Given): InferenceInput {
  const content =
    bytes === undefined
      ? ({ kind: "json", data, exact: () => data } as const)
      : ({ kind: "binary", bytes } as const);
  return { name, datatype, shape, parameters, content, where: "inputs[0]" };
}

const read = (model: ModelInputs, ...given: Given[]) =>
  openInferenceInputs(given.map(input), model, { maxInstances: 4 });

function readInstances(model: ModelInputs, given: Given): readonly Instance[] {
  const found = read(model, given);
  return found.kind === "instances" ? found.instances : [];
}

/** As BYTES are sent: each after its length. */
const framed = (...elements: string[]) =>
  Buffer.concat(
    elements.flatMap((one) => [Buffer.from(Uint32Array.of(one.length).buffer), Buffer.from(one)]),
  );

const images = (...texts: string[]) => ({
  kind: "instances",
  instances: texts.map((text) => ({ kind: "image", bytes: new Uint8Array(Buffer.from(text)) })),
});

describe("openInferenceInputs", () => {
  test.each<[string, Given]>([
    ["bytes", { datatype: "BYTES", shape: [2], bytes: framed("one", "two") }],
    ["bytes in rows of one", { datatype: "BYTES", shape: [2, 1], bytes: framed("one", "two") }],
    ["base64 in JSON", { datatype: "BYTES", shape: [2], data: ["b25l", "dHdv"] }],
    ["base64 in nested JSON", { datatype: "BYTES", shape: [2, 1], data: [["b25l"], ["dHdv"]] }],
    ["objects in JSON", { datatype: "BYTES", shape: [2], data: [{ b64: "b25l" }, { b64: "dHdv" }] }],
    [
      "base64 behind the JSON, if it says so",
      {
        datatype: "BYTES",
        shape: [2],
        parameters: { content_type: "base64" },
        bytes: framed("b25l", "dHdv"),
      },
    ],
  ])("takes images as %s", (_, given) => {
    expect(read(IMAGES, given)).toEqual(images("one", "two"));
  });

  test("makes an image that is not base64 a bad instance, and reads the others", () => {
    const instances = readInstances(IMAGES, { datatype: "BYTES", shape: [2], data: ["!", "dHdv"] });
    expect(instances).toMatchObject([
      { kind: "bad", error: { code: "INVALID_BASE64", instance: 0 } },
      { kind: "image" },
    ]);
  });

  test("takes the tensor that the model itself takes", () => {
    const data = Array.from({ length: 12 }, (_, i) => i);
    expect(read(IMAGES, { datatype: "FP32", shape: [1, 3, 2, 2], data })).toEqual({
      kind: "tensors",
      tensors: { image: { dtype: "float32", shape: [1, 3, 2, 2], data: Float32Array.from(data) } },
    });
  });

  test("takes UINT8 as pixels where the model takes another type, or another size", () => {
    const bytes = Uint8Array.from({ length: 24 }, (_, i) => i);
    const given = { datatype: "UINT8", shape: [2, 2, 2, 3], bytes };
    expect(read(IMAGES, given)).toEqual({
      kind: "instances",
      instances: [0, 12].map((at) => ({
        kind: "image",
        bytes: bytes.slice(at, at + 12),
        array: { dtype: "uint8", shape: [2, 2, 3] },
      })),
    });
    // Each can be transferred.
    const own = readInstances(IMAGES, given).map(
      (one) => one.kind === "image" && one.bytes.buffer.byteLength,
    );
    expect(own).toEqual([12, 12]);
    expect(read(BYTE_IMAGES, given).kind).toBe("tensors");
    expect(read(BYTE_IMAGES, { ...given, shape: [2, 1, 4, 3] }).kind).toBe("instances");
  });

  test("takes any type as pixels that says how they lie", () => {
    const bytes = new Uint8Array(Uint16Array.of(1, 2, 3, 4).buffer);
    const given = { datatype: "UINT16", shape: [1, 1, 2, 2], parameters: { layout: "CHW" }, bytes };
    expect(read(IMAGES, given)).toEqual({
      kind: "instances",
      instances: [{ kind: "image", bytes, array: { dtype: "uint16", shape: [1, 2, 2], layout: "CHW" } }],
    });
  });

  test("takes the inputs in any order, and 64-bit integers exactly", () => {
    const a = { name: "a", datatype: "FP32", shape: [1, 2], data: [1, 2] };
    const b = {
      name: "b",
      datatype: "INT64",
      shape: [1],
      bytes: new Uint8Array(BigInt64Array.of(2n ** 53n + 1n).buffer),
    };
    expect(read(PAIR, b, a)).toEqual({
      kind: "tensors",
      tensors: {
        a: { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 2) },
        b: { dtype: "int64", shape: [1], data: BigInt64Array.of(2n ** 53n + 1n) },
      },
    });
  });

  const a = { name: "a", datatype: "FP32", shape: [1, 2], data: [1, 2] };
  const b = { name: "b", datatype: "INT64", shape: [1], data: [1] };
  test.each<[string, ModelInputs, Given[]]>([
    ["inputs[0]: there is no input 'c'; the model takes a, b", PAIR, [{ ...a, name: "c" }]],
    ["inputs[0]: input 'a' comes twice", PAIR, [a, a, b]],
    ["inputs: expected input 'b', got none", PAIR, [a]],
    ['inputs[0].datatype: expected FP32, got "FP64"', PAIR, [{ ...a, datatype: "FP64" }, b]],
    ["input 'a': expected shape [N, 2], got [1, 3]", PAIR, [{ ...a, shape: [1, 3], data: [1, 2, 3] }, b]],
    [
      "Batching Run() input tensors must have equal 0th-dimension size",
      PAIR,
      [{ ...a, shape: [2, 2], data: [1, 2, 3, 4] }, b],
    ],
    [
      "inputs: expected at least one row, got none",
      PAIR,
      [
        { ...a, shape: [0, 2], data: [] },
        { ...b, shape: [0], data: [] },
      ],
    ],
    [
      'inputs[0].datatype: expected FP32 or BYTES, got "INT8"',
      IMAGES,
      [{ datatype: "INT8", shape: [1, 3, 2, 2], data: [] }],
    ],
    [
      "inputs[0]: expected images [n] or [n, 1], got [1, 2]",
      IMAGES,
      [{ datatype: "BYTES", shape: [1, 2], data: ["", ""] }],
    ],
    [
      "inputs[0]: expected images [n] or [n, 1], got [0]",
      IMAGES,
      [{ datatype: "BYTES", shape: [0], data: [] }],
    ],
    [
      "inputs[0].data: expected 2 elements for [2], got 1",
      IMAGES,
      [{ datatype: "BYTES", shape: [2], data: [""] }],
    ],
    [
      "inputs[0]: expected arrays of pixels [n, height, width, bands], [n, bands, height, width] or [n, height, width], got [1, 4]",
      IMAGES,
      [{ datatype: "UINT8", shape: [1, 4], data: [1, 2, 3, 4] }],
    ],
    [
      'inputs[0].parameters.layout: expected HWC or CHW, got "NCHW"',
      IMAGES,
      [{ datatype: "UINT8", shape: [1, 1, 1, 3], parameters: { layout: "NCHW" }, data: [1, 2, 3] }],
    ],
  ])("says %s", (message, model, given) => {
    expect(errorOf(() => read(model, ...given))).toEqual({ code: "INVALID_ARGUMENT", message });
  });

  test.each<[string, ModelInputs, Given[]]>([
    ["images", IMAGES, [{ datatype: "BYTES", shape: [5], data: [] }]],
    ["arrays", IMAGES, [{ datatype: "UINT8", shape: [5, 1, 1, 3], data: [] }]],
    ["rows, before it reads them", PAIR, [{ ...a, shape: [5, 2], data: [] }, b]],
  ])("refuses more %s than instances may be", (_, model, given) => {
    expect(errorOf(() => read(model, ...given)).code).toBe("TOO_MANY_INSTANCES");
  });
});

const member = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.constantFrom(
      null,
      true,
      0,
      1,
      -1.5,
      1e300,
      2 ** 53,
      "",
      "aGVsbG8=",
      "FP32",
      "INT64",
      "BYTES",
      "UINT8",
    ),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("binary_data_size", "layout", "b64", "__proto__", "name"), tie("value"), {
      maxKeys: 2,
    }),
  ),
})).value;
const anyInput = fc.record(
  {
    name: fc.oneof(fc.constantFrom("image", "a", "b"), member),
    datatype: fc.oneof(fc.constantFrom("FP32", "INT64", "BYTES", "UINT8", "FP16"), member),
    shape: fc.oneof(fc.array(fc.constantFrom(0, 1, 2, 3, 2 ** 53 - 1), { maxLength: 4 }), member),
    parameters: fc.oneof(fc.constant({}), fc.record({ binary_data_size: fc.nat(9) }), member),
    data: fc.oneof(fc.array(fc.constantFrom(0, 1, "aGVsbG8=", true), { maxLength: 4 }), member),
  },
  { requiredKeys: ["name", "datatype", "shape"] },
);

describe("parseOpenInference and openInferenceInputs", () => {
  test("answer any JSON and any bytes behind it with a request or a ServingError", () => {
    const anyBody = fc.record({
      inputs: fc.oneof(fc.array(anyInput, { maxLength: 3 }), member),
      outputs: member,
      parameters: fc.constant({}),
    });
    fc.assert(
      fc.property(
        anyBody,
        fc.uint8Array({ maxLength: 9 }),
        fc.constantFrom(IMAGES, BYTE_IMAGES, PAIR),
        (body, tail, model) => {
          const text = JSON.stringify(body);
          try {
            const { inputs } = parseOpenInference(parseEnvelope(JSON.parse(text), text), tail);
            const request = openInferenceInputs(inputs, model, { maxInstances: 3 });
            if (request.kind === "instances") expect(request.instances.length).toBeGreaterThan(0);
            else
              for (const { shape, data } of Object.values(request.tensors))
                expect(data).toHaveLength(elementCount(shape));
          } catch (error) {
            expect(error).toBeInstanceOf(ServingError);
            expect((error as ServingError).code).not.toBe("INTERNAL");
            expect((error as ServingError).message.length).toBeLessThan(250);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
