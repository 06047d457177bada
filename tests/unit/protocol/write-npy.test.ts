import { describe, expect, test } from "vitest";
import { readNpy } from "../../../src/model/read-npy.ts";
import { writeNpy } from "../../../src/protocol/write-npy.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { npy } from "../../support/npy.ts";
import { errorOf } from "./error-of.ts";

const tensor = (dtype: Tensor["dtype"], shape: readonly number[], data: Tensor["data"]): Tensor => ({
  dtype,
  shape,
  data,
});

describe("writeNpy", () => {
  test.each([
    ["float32", "<f4", [2, 3], "(2, 3)", new Float32Array([1, 2, 3, 4, 5, 6.5])],
    ["float64", "<f8", [1], "(1,)", new Float64Array([0.1])],
    ["float16", "<f2", [], "()", new Uint16Array([0x3c00])],
    ["int8", "|i1", [2], "(2,)", new Int8Array([-1, 1])],
    ["int16", "<i2", [1], "(1,)", new Int16Array([-300])],
    ["int32", "<i4", [1], "(1,)", new Int32Array([-70000])],
    ["int64", "<i8", [1], "(1,)", new BigInt64Array([-(2n ** 60n)])],
    ["uint8", "|u1", [1, 2, 1], "(1, 2, 1)", new Uint8Array([0, 255])],
    ["uint16", "<u2", [1], "(1,)", new Uint16Array([65535])],
    ["uint32", "<u4", [1], "(1,)", new Uint32Array([2 ** 32 - 1])],
    ["uint64", "<u8", [1], "(1,)", new BigUint64Array([2n ** 64n - 1n])],
    ["bool", "|b1", [2], "(2,)", new Uint8Array([0, 1])],
    ["float32", "<f4", [0, 3], "(0, 3)", new Float32Array(0)],
  ] as const)("writes %s as %s, shape %j", (dtype, descr, shape, tuple, data) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const file = writeNpy(tensor(dtype, shape, data));
    expect(Buffer.from(file).equals(npy({ descr, shape: tuple }, bytes))).toBe(true);
    expect((file.length - bytes.length) % 64).toBe(0);
  });

  test("writes the elements of a view, not of the memory behind it", () => {
    const file = writeNpy(tensor("uint8", [1, 2], new Uint8Array([1, 2, 3, 4]).subarray(1, 3)));
    const { bytes, array } = readNpy("x.npy", file);
    expect([[...bytes], array]).toEqual([[2, 3], { dtype: "uint8", shape: [1, 2] }]);
  });

  test("refuses strings", () => {
    expect(errorOf(() => writeNpy(tensor("string", [1], ["a"]))).code).toBe("NOT_ACCEPTABLE");
  });
});
