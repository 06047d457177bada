import { describe, expect, test } from "vitest";
import { runTensorStep } from "../../../src/signature/tensor-step.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

const cube: Tensor = {
  dtype: "float32",
  shape: [2, 2, 2],
  data: Float32Array.of(1, 5, Number.NaN, 0, 1, 6, 3, 0),
};

describe("runTensorStep", () => {
  test.each([
    [0, [0n, 1n, 1n, 0n]],
    [1, [0n, 0n, 1n, 0n]],
    [2, [1n, 1n, 1n, 0n]],
  ])("takes the largest along axis %i, the first of equal ones, NaN never", (axis, expected) => {
    const { dtype, shape, data } = runTensorStep({ kind: "argmax", axis }, cube);
    expect([dtype, shape, [...data]]).toEqual(["int64", [2, 2], expected]);
  });

  test("holds float32 against the threshold as float32, and int64 exactly enough", () => {
    // The float32 of 0.9 is below the double.
    const most: Tensor = { dtype: "float32", shape: [3], data: Float32Array.of(0.9, 0.89, Number.NaN) };
    expect([...runTensorStep({ kind: "threshold", atLeast: 0.9 }, most).data]).toEqual([1, 0, 0]);
    const whole: Tensor = { dtype: "int64", shape: [2, 1], data: BigInt64Array.of(4n, 5n) };
    expect(runTensorStep({ kind: "threshold", atLeast: 4.5 }, whole)).toEqual({
      dtype: "uint8",
      shape: [2, 1],
      data: Uint8Array.of(0, 1),
    });
  });
});
