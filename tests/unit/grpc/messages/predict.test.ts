import { describe, expect, test } from "vitest";
import { writeModelSpec } from "../../../../src/grpc/messages/model-spec.ts";
import {
  checkOutputFilter,
  predictInputs,
  readPredict,
  writePredict,
} from "../../../../src/grpc/messages/predict.ts";
import type { TensorProto } from "../../../../src/grpc/messages/read-tensor-proto.ts";
import type { ModelInputs } from "../../../../src/protocol/predict-request.ts";
import { fromHex, grpcReferences } from "../../../support/grpc/references.ts";
import { errorOf } from "../../protocol/error-of.ts";

const { predict } = grpcReferences();
const LIMITS = { maxInstances: 4, maxBytes: 1024 };

const TENSORS: ModelInputs = {
  inputs: [{ name: "x", dtype: "float32", shape: ["N", 2] }],
  batching: "rows",
};
const IMAGES: ModelInputs = {
  inputs: [{ name: "pixels", dtype: "float32", shape: ["N", 3, 8, 8] }],
  imageInput: "pixels",
  batching: "rows",
};

function proto(fields: Partial<TensorProto>): TensorProto {
  return { dtype: "float32", shape: [1, 2], content: Buffer.alloc(0), strings: [], numbers: {}, ...fields };
}

function images(shape: readonly number[], ...contents: string[]): TensorProto {
  return proto({ dtype: "string", shape, strings: contents.map((text) => Buffer.from(text)) });
}

function inputsOf(name: string, tensor: TensorProto, model: ModelInputs) {
  return predictInputs(new Map([[name, tensor]]), model, LIMITS);
}

describe("readPredict", () => {
  test("reads what tensorflow-serving-api sends", () => {
    const { spec, inputs, outputFilter } = readPredict(fromHex(predict.request));
    expect(spec).toEqual({ asked: { name: "m", version: 3n }, signatureName: "scores" });
    expect([...inputs.keys()]).toEqual(["x"]);
    expect(outputFilter).toEqual(["scores"]);
  });

  test("reads a label in place of a version", () => {
    expect(readPredict(fromHex(predict.labelled)).spec).toEqual({ asked: { name: "m", label: "stable" } });
  });
});

describe("predictInputs", () => {
  test("takes a tensor for each input", () => {
    const { inputs } = readPredict(fromHex(predict.request));
    const read = predictInputs(inputs, TENSORS, LIMITS);
    expect(read).toEqual({
      kind: "tensors",
      tensors: { x: { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 2) } },
    });
  });

  test.each([
    ["under the input's name", "pixels", [2]],
    ["as image_bytes", "image_bytes", [2]],
    ["with an axis of one", "pixels", [2, 1]],
  ])("takes encoded images %s", (_, name, shape) => {
    const read = inputsOf(name, images(shape, "one", "two"), IMAGES);
    const bytes = read.kind === "instances" ? read.instances.map((one) => "bytes" in one && one.bytes) : [];
    expect(bytes).toEqual([new Uint8Array(Buffer.from("one")), new Uint8Array(Buffer.from("two"))]);
    // They go to a worker with their memory.
    expect(bytes.map((one) => (one instanceof Uint8Array ? one.buffer.byteLength : 0))).toEqual([3, 3]);
  });

  test("takes one image as a scalar", () => {
    expect(inputsOf("pixels", images([], "one"), IMAGES)).toMatchObject({ instances: [{ kind: "image" }] });
  });

  test("takes the tensor that a model of images takes itself", () => {
    const tensor = proto({ shape: [1, 3, 8, 8], numbers: { 5: [Buffer.from(Float32Array.of(1).buffer)] } });
    expect(inputsOf("pixels", tensor, IMAGES).kind).toBe("tensors");
  });

  test.each([
    ["an unknown name", "y", proto({}), TENSORS, "INVALID_ARGUMENT"],
    ["image_bytes for a model of tensors", "image_bytes", images([1], "one"), TENSORS, "INVALID_ARGUMENT"],
    ["a tensor as image_bytes", "image_bytes", proto({}), IMAGES, "INVALID_ARGUMENT"],
    ["another type", "x", proto({ dtype: "int64" }), TENSORS, "INVALID_ARGUMENT"],
    ["another shape", "x", proto({ shape: [1, 3] }), TENSORS, "INVALID_ARGUMENT"],
    ["no rows", "x", proto({ shape: [0, 2] }), TENSORS, "INVALID_ARGUMENT"],
    ["no images", "pixels", images([0]), IMAGES, "INVALID_ARGUMENT"],
    ["a grid of images", "pixels", images([1, 2], "one", "two"), IMAGES, "INVALID_ARGUMENT"],
    ["too many images", "pixels", images([5], "one"), IMAGES, "TOO_MANY_INSTANCES"],
    ["too many rows", "x", proto({ shape: [5, 2] }), TENSORS, "TOO_MANY_INSTANCES"],
    [
      "a tensor that one element stands for but is too large",
      "pixels",
      proto({ shape: [4, 3, 8, 8] }),
      IMAGES,
      "BODY_TOO_LARGE",
    ],
  ])("refuses %s", (_, name, tensor, model, code) => {
    expect(errorOf(() => inputsOf(name, tensor, model)).code).toBe(code);
  });

  test("refuses a request without one of the inputs", () => {
    const error = errorOf(() => predictInputs(new Map(), TENSORS, LIMITS));
    expect(error.message).toContain("'x' is missing");
  });

  test("allocates nothing for a shape that is larger than memory", () => {
    const tensor = proto({ shape: [1, 2 ** 50] });
    const model: ModelInputs = {
      inputs: [{ name: "x", dtype: "float32", shape: ["N", "any"] }],
      batching: "rows",
    };
    expect(errorOf(() => inputsOf("x", tensor, model)).code).toBe("BODY_TOO_LARGE");
  });
});

describe("checkOutputFilter", () => {
  test.each([
    ["an unknown name", ["z"]],
    ["a name that comes twice", ["a", "a"]],
  ])("refuses %s", (_, filter) => {
    expect(errorOf(() => checkOutputFilter(filter, ["a", "b"])).code).toBe("INVALID_ARGUMENT");
  });
});

describe("writePredict", () => {
  const spec = () => writeModelSpec({ name: "m", version: 3, signatureName: "scores" });
  const tensor = { dtype: "float32", shape: [1, 2], data: Float32Array.of(0.25, 0.75) } as const;

  test("writes what tensorflow-serving-api would", () => {
    expect(writePredict(spec(), { scores: tensor }, []).toString("hex")).toBe(predict.response);
  });

  test("leaves out what the filter does not name", () => {
    const written = writePredict(spec(), { other: tensor, scores: tensor }, ["scores"]);
    expect(written.toString("hex")).toBe(predict.response);
  });
});
