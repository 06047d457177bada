import { describe, expect, test } from "vitest";
import { tfsOutputs, tfsPredictions } from "../../../src/protocol/tfs-outputs.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { errorOf } from "./error-of.ts";
import { written } from "./written.ts";

const float32 = (shape: readonly number[], ...values: number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});
const strings: Tensor = { dtype: "string", shape: [2, 2], data: ["hello", "a", "b", "world"] };
const five: Tensor = { dtype: "int32", shape: [5], data: Int32Array.of(1, 2, 3, 4, 5) };

describe("tfsOutputs", () => {
  test("C7 writes a scalar bare", async () => {
    expect(await written({ outputs: tfsOutputs({ y: float32([], 5) }) })).toBe('{"outputs":5.0}');
  });

  test("O1 writes one output without its name", async () => {
    expect(await written({ outputs: tfsOutputs({ y: five }) })).toBe('{"outputs":[1,2,3,4,5]}');
  });

  test("O2 writes strings of an output named ..._bytes as base64", async () => {
    expect(await written(tfsOutputs({ str_tensor_bytes: strings }))).toBe(
      '[[{"b64":"aGVsbG8="},{"b64":"YQ=="}],[{"b64":"Yg=="},{"b64":"d29ybGQ="}]]',
    );
  });

  test("O3 writes other strings as they are", async () => {
    expect(await written(tfsOutputs({ str_tensor: strings }))).toBe('[["hello","a"],["b","world"]]');
    expect(await written(tfsOutputs({ num_bytes: five }))).toBe("[1,2,3,4,5]");
  });

  test("writes several outputs by name, each with its own first dimension", async () => {
    expect(await written(tfsOutputs({ a: float32([1], 1), b: five }))).toBe('{"a":[1.0],"b":[1,2,3,4,5]}');
  });

  test("O12 refuses to write no outputs", () => {
    expect(errorOf(() => tfsOutputs({}))).toEqual({
      code: "INVALID_ARGUMENT",
      message: "Cannot convert empty tensor map to JSON",
    });
  });
});

describe("tfsPredictions", () => {
  test("O1 writes one output without its name", async () => {
    expect(await written({ predictions: tfsPredictions({ y: five }) })).toBe('{"predictions":[1,2,3,4,5]}');
  });

  test("O2 writes strings of an output named ..._bytes as base64", async () => {
    expect(await written(tfsPredictions({ s_bytes: { ...strings, shape: [4] } }))).toBe(
      '[{"b64":"aGVsbG8="},{"b64":"YQ=="},{"b64":"Yg=="},{"b64":"d29ybGQ="}]',
    );
  });

  test("O4 writes several outputs as an object for each row, a scalar bare", async () => {
    const outputs = {
      a: float32([2, 2], 1, 2, 3, 4),
      b: { dtype: "float64", shape: [2], data: Float64Array.of(8, 9) },
    } as const;
    expect(await written(tfsPredictions(outputs))).toBe('[{"a":[1.0,2.0],"b":8.0},{"a":[3.0,4.0],"b":9.0}]');
  });

  test("O5 writes floats in their shortest form", async () => {
    const values = float32([6], 9000000, 999999, 0.5, 0.0003, 0.00003, 555557.5);
    expect(await written(tfsPredictions({ y: values }))).toBe(
      "[9000000.0,999999.0,0.5,0.0003,0.00003,555557.5]",
    );
  });

  test("O6 writes what is not finite as null", async () => {
    const values = float32([2, 2], Number.NaN, Number.POSITIVE_INFINITY, 3, Number.NEGATIVE_INFINITY);
    expect(await written(tfsPredictions({ y: values }))).toBe("[[null,null],[3.0,null]]");
  });

  test("O9 writes no rows as an empty list", () => {
    expect(tfsPredictions({ y: float32([0, 3]) })).toEqual([]);
  });

  test.each([
    ["O7 a scalar", { y: float32([], 1) }, "Tensor name: y has no shape information "],
    [
      "O8 outputs of different rows",
      { a: float32([2], 1, 2), b: float32([1], 1) },
      "Tensor name: b has inconsistent batch size: 1 expecting: 2",
    ],
    [
      "O10 no rows beside one",
      { a: float32([0]), b: float32([1], 1) },
      "Tensor name: b has inconsistent batch size: 1 expecting: 0",
    ],
    ["O12 no outputs", {}, "Cannot convert empty tensor map to JSON"],
  ])("refuses %s", (_, outputs, message) => {
    expect(errorOf(() => tfsPredictions(outputs as Record<string, Tensor>))).toEqual({
      code: "INVALID_ARGUMENT",
      message,
    });
  });
});
