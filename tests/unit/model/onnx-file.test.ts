import { execFileSync } from "node:child_process";
import { chmodSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import { readOnnxFile } from "../../../src/model/onnx-file.ts";
import {
  type GraphSource,
  graph,
  type ModelSource,
  node,
  value,
  writeModel,
} from "../../support/onnx/model-writer.ts";
import { customOperator, futureOpset } from "../../support/onnx/odd-models.ts";
import {
  byteLength,
  integerField,
  join,
  lengthPrefix,
  messageField,
  stringField,
} from "../../support/onnx/protobuf-writer.ts";
import { refusal as refusalIn } from "../../support/onnx/refusal.ts";
import { halfPlusTwo, severalOutputs } from "../../support/onnx/tensor-models.ts";
import { constant, type ExternalInitializer, tensorProto } from "../../support/onnx/tensor-proto.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(joinPath(tmpdir(), "onnx-file-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(bytes: Uint8Array | string) {
  const path = joinPath(folder, "model.onnx");
  writeFileSync(path, bytes);
  return readOnnxFile(path);
}

const refusal = (act: () => unknown) => refusalIn(folder, act);

const EMPTY: ModelSource = { inputs: [], outputs: [], nodes: [] };

describe("readOnnxFile", () => {
  test("returns versions, producer, inputs and outputs of a model", () => {
    expect(read(halfPlusTwo())).toEqual({
      irVersion: 8,
      opsets: [{ domain: "", version: 17 }],
      producer: "onnx-serving tests",
      inputs: [value("x", "float32", ["N"])],
      outputs: [value("y", "float32", ["N"])],
      metadata: {},
      externalData: [],
      customDomains: [],
    });
    expect(read(severalOutputs()).outputs).toEqual([
      value("sum", "float32", ["N", 1]),
      value("doubled", "float32", ["N", 3]),
      value("largest", "int64", ["N"]),
    ]);
  });

  test("returns an opset that no runtime knows as it stands", () => {
    expect(read(futureOpset()).opsets).toEqual([{ domain: "", version: 9999 }]);
  });

  test("leaves inputs that have an initializer out, dense or sparse", () => {
    const model = writeModel({
      ...EMPTY,
      inputs: ["w", "x", "s"].map((name) => value(name, "float32", [2])),
      initializers: [constant("w", "float32", [2], [1, 2])],
      sparseInitializers: [
        {
          values: constant("s", "float32", [1], [1]),
          indices: constant("", "int64", [1], [0]),
          shape: [2],
        },
      ],
    });
    expect(read(model).inputs.map(({ name }) => name)).toEqual(["x"]);
  });

  test("keeps an input whose name only a nested graph's initializer has", () => {
    const inner: GraphSource = { ...EMPTY, initializers: [constant("x", "float32", [1], [1])] };
    const model = writeModel({
      ...EMPTY,
      inputs: [value("x", "float32", [1])],
      nodes: [node("If", ["c"], ["y"], { then_branch: graph(inner) })],
    });
    expect(read(model).inputs.map(({ name }) => name)).toEqual(["x"]);
  });

  test("returns sizes without a name, or of -1, as unknown", () => {
    const model = writeModel({ ...EMPTY, inputs: [value("x", "uint8", ["", -1, 3, "H"])] });
    expect(read(model).inputs[0]?.shape).toEqual(["", "", 3, "H"]);
  });

  test("returns what a server cannot feed under its own name, without a shape", () => {
    const sequence = messageField(2, [messageField(4, [])]);
    const bfloat16 = messageField(2, [messageField(1, [integerField(1, 16)])]);
    const later = messageField(2, [messageField(1, [integerField(1, 99)])]);
    const inputs = [sequence, bfloat16, later].map((type) => messageField(11, [stringField(1, "x"), type]));
    const model = join([
      ...integerField(1, 8),
      ...messageField(7, inputs),
      ...messageField(8, [integerField(2, 17)]),
    ]);
    expect(read(model).inputs).toEqual([
      { name: "x", dtype: "sequence", shape: undefined },
      { name: "x", dtype: "bfloat16", shape: undefined },
      { name: "x", dtype: "element type 99", shape: undefined },
    ]);
  });

  test("returns metadata without a prototype, whatever its keys", () => {
    const metadata = Object.fromEntries([
      ["names", "{0: 'näil'}"],
      ["__proto__", "mine"],
      ["empty", ""],
    ]);
    const result = read(writeModel({ ...EMPTY, metadata })).metadata;
    expect(Object.getPrototypeOf(result)).toBeNull();
    expect(Object.entries(result)).toEqual(Object.entries(metadata));
  });

  test("finds external data in initializers, nested graphs, attributes, sparse tensors and functions, once each", () => {
    const loop = graph({
      ...EMPTY,
      nodes: [
        node("If", [], [], { then_branch: graph({ ...EMPTY, initializers: [external("nested.bin")] }) }),
      ],
    });
    const attribute = (field: number, fields: Parameters<typeof messageField>[1]) =>
      messageField(7, [messageField(1, [messageField(5, [messageField(field, fields)])])]);
    const place = messageField(13, [stringField(1, "location"), stringField(2, "attribute.bin")]);
    const body = messageField(7, [messageField(5, [messageField(5, [place])])]);
    const model = writeModel({
      ...EMPTY,
      initializers: [external("a.bin"), { ...external("a.bin"), name: "b" }, external("../b.bin")],
      sparseInitializers: [{ values: external("values.bin"), indices: external("indices.bin"), shape: [4] }],
      nodes: [node("Loop", [], [], { body: loop })],
    });
    expect(read(model).externalData).toEqual([
      "nested.bin",
      "a.bin",
      "../b.bin",
      "values.bin",
      "indices.bin",
    ]);
    for (const more of [attribute(5, [place]), attribute(10, [place]), messageField(25, [body])]) {
      expect(read(join([writeModel(EMPTY), ...more])).externalData).toEqual(["attribute.bin"]);
    }
  });

  test("finds external data in the training graphs", () => {
    const training = messageField(20, [
      messageField(2, [messageField(5, tensorProto(external("late.bin")))]),
    ]);
    expect(read(join([writeModel(EMPTY), ...training])).externalData).toEqual(["late.bin"]);
  });

  test("returns the domains of operators that neither the runtime nor the model defines", () => {
    expect(read(customOperator("com.example.vision")).customDomains).toEqual(["com.example.vision"]);
    const model = writeModel({
      ...EMPTY,
      domains: { local: 1, "com.microsoft": 1, unused: 1 },
      nodes: [node("F", [], [], {}, "local"), node("Gelu", [], [], {}, "com.microsoft")],
      functions: [{ domain: "local", name: "F", inputs: [], outputs: [], nodes: [] }],
    });
    expect(read(model).customDomains).toEqual([]);
  });

  test("reads a model of several GB at once, skipping its weights", () => {
    const path = joinPath(folder, "large.onnx");
    const weightBytes = 5 * 2 ** 30;
    const raw = lengthPrefix(9, weightBytes);
    const initializer = lengthPrefix(5, byteLength(raw) + weightBytes);
    const input = messageField(11, [stringField(1, "x")]);
    const graphBytes = byteLength([...initializer, ...raw]) + weightBytes + byteLength(input);
    const head = join([...integerField(1, 8), ...lengthPrefix(7, graphBytes), ...initializer, ...raw]);
    const tail = join([...input, ...messageField(8, [integerField(2, 17)])]);
    const file = openSync(path, "w");
    ftruncateSync(file, head.byteLength + weightBytes);
    writeSync(file, head, 0, head.byteLength, 0);
    writeSync(file, tail, 0, tail.byteLength, head.byteLength + weightBytes);
    expect(readOnnxFile(path).inputs).toEqual([{ name: "x", dtype: "undefined", shape: undefined }]);
  });

  test.each<[string, string | Uint8Array, RegExp]>([
    ["an empty file", "", /is empty/],
    ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", /git lfs pull/],
    ["an HTML page", "\ufeff\n<!DOCTYPE html><html>", /is an HTML page/],
    ["an answer in place of the file", "Entry not found", /text file that begins "Entry not found"/],
    ["a PyTorch archive", "PK\x03\x04\0\0", /zip archive.*torch\.onnx\.export/],
    ["a pickle", Uint8Array.of(0x80, 2, 0x8a, 10), /pickle.*torch\.onnx\.export/],
    ["a safetensors file", '\x20\0\0\0\0\0\0\0{"a":1}', /safetensors/],
    ["a TensorFlow Lite model", "\x1c\0\0\0TFL3\x14", /TensorFlow Lite/],
    ["a model in ORT format", "\x1c\0\0\0ORTM\x14", /ORT format/],
    ["a Keras file", Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13), /HDF5/],
    ["zeros", new Uint8Array(100), /damaged or not an ONNX model/],
    ["a protobuf message of another kind", join([...integerField(1, 1), ...stringField(2, "a")]), /no graph/],
  ])("refuses %s, with the remedy", (_, bytes, expected) => {
    const message = refusal(() => read(bytes));
    expect(message).toMatch(/^model\.onnx is /);
    expect(message).toMatch(expected);
  });

  test("refuses a file that is missing, a directory or a pipe, with the remedy", () => {
    expect(refusal(() => readOnnxFile(joinPath(folder, "none.onnx")))).toMatch(/^none\.onnx does not exist/);
    expect(refusal(() => readOnnxFile(`${folder}/.`))).toMatch(/is a directory/);
    const pipe = joinPath(folder, "pipe.onnx");
    execFileSync("mkfifo", [pipe]);
    expect(refusal(() => readOnnxFile(pipe))).toMatch(/^pipe\.onnx is not a regular file/);
  });

  test.skipIf(process.getuid?.() === 0)(
    "refuses a file that it may not read (root may read all: skipped for it)",
    () => {
      const path = joinPath(folder, "closed.onnx");
      writeFileSync(path, halfPlusTwo());
      chmodSync(path, 0);
      expect(refusal(() => readOnnxFile(path))).toMatch(/cannot be read \(EACCES\).*permissions/);
    },
  );

  test("refuses a model cut in half, with the sizes that it says and has", () => {
    const model = writeModel({
      ...EMPTY,
      initializers: [constant("w", "float32", [1000], new Array(1000).fill(0))],
    });
    const half = model.subarray(0, 2000);
    const opsetBytes = 4;
    expect(refusal(() => read(half))).toMatch(
      new RegExp(`is truncated: it says ${model.byteLength - opsetBytes} bytes or more, the file has 2000`),
    );
  });

  test("refuses a model cut at any byte", () => {
    const model = severalOutputs();
    for (let length = 0; length < model.byteLength; length++) {
      expect(() => read(model.subarray(0, length)), `${length} bytes`).toThrow(StartupError);
    }
  });
});

function external(location: string): ExternalInitializer {
  return { name: location, dtype: "float32", shape: [1], location };
}
