import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkInFolder } from "../../src/model/check-in-folder.ts";
import { checkExternalData } from "../../src/model/external-data.ts";
import { readOnnxFile } from "../../src/model/onnx-file.ts";
import type { DType } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { float, floats, graph, node, value, writeModel } from "../support/onnx/model-writer.ts";
import { customOperator, externalData, futureOpset } from "../support/onnx/odd-models.ts";
import { runModel } from "../support/onnx/run-model.ts";
import { constant, tensor } from "../support/onnx/tensor-proto.ts";

const numbers = (output: Tensor | undefined) => Array.from(output?.data ?? [], Number);

describe("writeModel", () => {
  test("writes float, floats, int, ints, string and tensor attributes that the runtime reads", async () => {
    const model = writeModel({
      inputs: [value("x", "float32", [1, 1, 2, 2])],
      outputs: [value("leaky", "float32", [1, 1, 2, 2]), value("large", "float32", [1, 1, "H", "W"])],
      nodes: [
        node("LeakyRelu", ["x"], ["leaky"], { alpha: float(0.5) }),
        node("Constant", [], ["scales"], { value_floats: floats([1, 1, 2, 2]) }),
        node("Constant", [], ["none"], { value: tensor("float32", [0], []) }),
        node("Resize", ["x", "none", "scales"], ["resized"], { mode: "nearest" }),
        node("AveragePool", ["resized"], ["large"], { kernel_shape: [1, 1], ceil_mode: 0 }),
      ],
    });
    const output = await runModel(model, { x: tensor("float32", [1, 1, 2, 2], [-2, -1, 0, 1]) });
    expect(numbers(output.leaky)).toEqual([-1, -0.5, 0, 1]);
    expect(output.large?.shape).toEqual([1, 1, 4, 4]);
    expect(numbers(output.large).slice(0, 4)).toEqual([-2, -2, -1, -1]);
  });

  test("writes a graph attribute and a function of the model's own", async () => {
    const branch = (type: string) =>
      graph({
        inputs: [],
        outputs: [value("z", "float32", ["N"])],
        nodes: [node(type, ["x", "x"], ["z"])],
      });
    const model = writeModel({
      inputs: [value("x", "float32", ["N"]), value("add", "bool", [])],
      outputs: [value("y", "float32", ["N"])],
      domains: { local: 1 },
      functions: [
        {
          domain: "local",
          name: "Negate",
          inputs: ["a"],
          outputs: ["b"],
          nodes: [node("Neg", ["a"], ["b"])],
        },
      ],
      nodes: [
        node("If", ["add"], ["chosen"], { then_branch: branch("Add"), else_branch: branch("Mul") }),
        node("Negate", ["chosen"], ["y"], {}, "local"),
      ],
    });
    const x = tensor("float32", [2], [3, 5]);
    const sum = await runModel(model, { x, add: tensor("bool", [], [1]) });
    const product = await runModel(model, { x, add: tensor("bool", [], [0]) });
    expect([numbers(sum.y), numbers(product.y)]).toEqual([
      [-6, -10],
      [-9, -25],
    ]);
  });

  test.each<[DType, (number | string)[]]>([
    ["float32", [0.1, -2]],
    ["float64", [0.1, -2]],
    ["float16", [0.5, -2]],
    ["int8", [-128, 127]],
    ["int16", [-32768, 32767]],
    ["int32", [-2147483648, 2147483647]],
    ["int64", ["-9223372036854775808", "9223372036854775807"]],
    ["uint8", [0, 255]],
    ["uint16", [0, 65535]],
    ["uint32", [0, 4294967295]],
    ["uint64", [0, "18446744073709551615"]],
    ["bool", [0, 1]],
    ["string", ["", "näïve"]],
  ])("writes an initializer of type %s", async (dtype, values) => {
    const model = writeModel({
      inputs: [value("x", "float32", ["N"])],
      outputs: [value("y", dtype, [2]), value("z", "float32", ["N"])],
      initializers: [constant("c", dtype, [2], values)],
      nodes: [node("Identity", ["c"], ["y"]), node("Identity", ["x"], ["z"])],
    });
    const { y } = await runModel(model, { x: tensor("float32", [1], [0]) });
    expect(y).toEqual(tensor(dtype, [2], values));
  });
});

describe("futureOpset", () => {
  test("is refused by the runtime", async () => {
    const x = tensor("float32", [1, 2], [1, 2]);
    await expect(runModel(futureOpset(), { x })).rejects.toThrow(/opset/i);
  });
});

describe("customOperator", () => {
  test("is refused by the runtime", async () => {
    const x = tensor("float32", [1, 2], [1, 2]);
    await expect(runModel(customOperator(), { x })).rejects.toThrow(/com\.example\.vision/);
  });
});

describe("externalData", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "external-data-"));
    writeFileSync(join(folder, "weights.bin"), new Uint8Array(new Float32Array([9, 10, 20]).buffer));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("reads the weights beside the model, at the offset", async () => {
    const path = join(folder, "model.onnx");
    writeFileSync(path, externalData("weights.bin", 4));
    const { y } = await runModel(path, { x: tensor("float32", [1, 2], [1, 2]) });
    expect(numbers(y)).toEqual([11, 22]);
  });

  test("reads the weights behind links, as Kubernetes mounts them, when our own checks accept them", async () => {
    const mounted = join(folder, "mounted");
    mkdirSync(join(mounted, "..2026_01_01"), { recursive: true });
    symlinkSync("..2026_01_01", join(mounted, "..data"));
    writeFileSync(join(mounted, "..data", "model.onnx"), externalData("weights.bin"));
    writeFileSync(join(mounted, "..data", "weights.bin"), new Uint8Array(new Float32Array([10, 20]).buffer));
    for (const name of ["model.onnx", "weights.bin"]) symlinkSync(join("..data", name), join(mounted, name));
    await expectServed(mounted, "model.onnx");
  });

  test.each(["", "onnx/"])(
    "reads the weights in %sa snapshot of a Hugging Face cache, when our own checks accept them",
    async (inner) => {
      const repository = join(folder, `models--a--b-${inner.length}`);
      const snapshot = join(repository, "snapshots", "1f3c");
      mkdirSync(join(snapshot, inner), { recursive: true });
      mkdirSync(join(repository, "blobs"));
      writeFileSync(join(repository, "blobs", "5a"), externalData("weights.bin"));
      writeFileSync(join(repository, "blobs", "5b"), new Uint8Array(new Float32Array([10, 20]).buffer));
      const up = inner === "" ? "../../" : "../../../";
      symlinkSync(`${up}blobs/5a`, join(snapshot, inner, "model.onnx"));
      symlinkSync(`${up}blobs/5b`, join(snapshot, inner, "weights.bin"));
      await expectServed(snapshot, `${inner}model.onnx`);
    },
  );

  async function expectServed(modelDir: string, file: string): Promise<void> {
    const modelFile = join(modelDir, file);
    checkInFolder(modelDir, modelFile);
    checkExternalData({ modelDir, modelFile, locations: readOnnxFile(modelFile).externalData });
    const { y } = await runModel(modelFile, { x: tensor("float32", [1, 2], [1, 2]) });
    expect(numbers(y)).toEqual([11, 22]);
  }

  test.each(["../weights.bin", "/etc/hostname", "none.bin"])(
    "is refused by the runtime at %s",
    async (location) => {
      const path = join(folder, "refused.onnx");
      writeFileSync(path, externalData(location));
      await expect(runModel(path, { x: tensor("float32", [1, 2], [1, 2]) })).rejects.toThrow(/path/i);
    },
  );
});
