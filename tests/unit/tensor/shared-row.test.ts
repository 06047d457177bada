import { describe, expect, test } from "vitest";
import { sharedRow } from "../../../src/tensor/shared-row.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

describe("sharedRow", () => {
  test("copies what is numeric into memory that threads share", () => {
    const data = Float32Array.of(0, 1, 2, 3).subarray(1);
    const row = { a: { dtype: "float32", shape: [3], data }, b: tensor("int64", [1], [5]) } as const;
    const shared = sharedRow(row);
    expect(shared).toEqual({ a: tensor("float32", [3], [1, 2, 3]), b: tensor("int64", [1], [5]) });
    for (const { data } of Object.values(shared)) {
      expect((data as Float32Array).buffer).toBeInstanceOf(SharedArrayBuffer);
    }
  });

  test("keeps strings and empty tensors", () => {
    const row = { a: tensor("string", [1], ["x"]), b: tensor("float32", [0], []) };
    expect(sharedRow(row)).toEqual(row);
  });
});
