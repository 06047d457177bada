import fc from "fast-check";
import { parse } from "lossless-json";
import { describe, expect, test } from "vitest";
import { flatten, readFlatTensor } from "../../../src/protocol/read-flat-tensor.ts";
import type { DType } from "../../../src/tensor/dtype.ts";
import { errorOf } from "./error-of.ts";

const where = "inputs[0]";

/** Reads `text` as the `data` of an input. */
function read(text: string, dtype: DType, shape: number[]) {
  const content = { kind: "json", data: JSON.parse(text), exact: () => parse(text) } as const;
  return readFlatTensor(content, { dtype, shape, where });
}

describe("readFlatTensor", () => {
  test.each([
    ["flat", "[1,2,3,4,5,6]"],
    ["nested as the shape", "[[1,2,3],[4,5,6]]"],
  ])("reads %s lists in row-major order", (_, text) => {
    expect(read(text, "int32", [2, 3])).toEqual({
      dtype: "int32",
      shape: [2, 3],
      data: Int32Array.of(1, 2, 3, 4, 5, 6),
    });
  });

  test("reads no elements, and the one of a scalar", () => {
    expect(read("[]", "float32", [0, 3]).data).toHaveLength(0);
    expect(read("[[],[]]", "float32", [2, 0]).data).toHaveLength(0);
    expect(read("[5]", "float32", []).data).toEqual(Float32Array.of(5));
  });

  test("never takes a 64-bit integer through a double", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)), (numbers) => {
        expect(read(`[${numbers}]`, "int64", [numbers.length]).data).toEqual(BigInt64Array.from(numbers));
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.bigInt(0n, 2n ** 64n - 1n)), (numbers) => {
        expect(read(`[${numbers}]`, "uint64", [numbers.length]).data).toEqual(BigUint64Array.from(numbers));
      }),
    );
  });

  test("takes a whole number with a fraction of 0, beside one that no double holds too", () => {
    expect(read("[1.0, 2e1]", "int8", [2]).data).toEqual(Int8Array.of(1, 20));
    expect(read("[1.0, 9007199254740993]", "int64", [2]).data).toEqual(
      BigInt64Array.of(1n, 9007199254740993n),
    );
  });

  test("asks for the exact numbers only when a double does not hold one", () => {
    const content = {
      kind: "json",
      data: [1, 2],
      exact: () => {
        throw new Error("parsed again");
      },
    } as const;
    expect(readFlatTensor(content, { dtype: "int64", shape: [2], where }).data).toEqual(
      BigInt64Array.of(1n, 2n),
    );
  });

  test.each<[string, DType, number[], string]>([
    ["[1,2,3]", "float32", [2], "inputs[0].data: expected 2 elements for [2], got 3"],
    ["[true]", "bool", [3], "inputs[0].data: expected 3 elements for [3], got 1"],
    ["[[1,2],[3]]", "float32", [2, 2], "inputs[0].data: expected lists nested as [2, 2], got [3]"],
    ["[[1,2,3,4]]", "float32", [2, 2], "inputs[0].data: expected 4 elements for [2, 2], got 1"],
    ["[[[1]],[[2]]]", "float32", [2, 1], "inputs[0].data[0]: expected FP32, got [1]"],
    ["5", "float32", [1], "inputs[0].data: expected a list, got 5"],
    ["[1,null]", "float32", [2], "inputs[0].data[1]: expected FP32, got null"],
    ["[1.5]", "int32", [1], "inputs[0].data[0]: expected INT32, got 1.5"],
    ["[256]", "uint8", [1], "inputs[0].data[0]: expected UINT8, got 256"],
    ["[9223372036854775808]", "int64", [1], "inputs[0].data[0]: expected INT64, got 9223372036854776000"],
    ["[0.5]", "int64", [1], "inputs[0].data[0]: expected INT64, got 0.5"],
    ["[-1]", "uint64", [1], "inputs[0].data[0]: expected UINT64, got -1"],
    ["[1]", "bool", [1], "inputs[0].data[0]: expected BOOL, got 1"],
    ["[1]", "string", [1], "inputs[0].data[0]: expected BYTES, got 1"],
    ["[1]", "float16", [1], "inputs[0]: FP16 is not sent as JSON; send binary data"],
  ])("refuses %s as %s %j", (text, dtype, shape, message) => {
    expect(errorOf(() => read(text, dtype, shape))).toEqual({ code: "INVALID_ARGUMENT", message });
  });
});

describe("flatten", () => {
  test("undoes any nesting that the shape says", () => {
    const nest = (flat: readonly unknown[], [size = 1, ...rest]: readonly number[]): unknown[] => {
      if (rest.length === 0) return [...flat];
      const length = flat.length / size;
      return Array.from({ length: size }, (_, i) => nest(flat.slice(i * length, (i + 1) * length), rest));
    };
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }), (shape) => {
        const flat = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
        expect(flatten(nest(flat, shape), shape, where)).toEqual(flat);
        expect(flatten(flat, shape, where)).toBe(flat);
      }),
    );
  });
});
