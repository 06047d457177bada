import { describe, expect, test } from "vitest";
import { DTYPES } from "../../../src/tensor/dtype.ts";
import { mergeRows, splitRows } from "../../../src/tensor/rows.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

const INTERNAL = expect.objectContaining({ code: "INTERNAL" });

describe("mergeRows", () => {
  test.each(DTYPES)("puts rows of %s one after the other", (dtype) => {
    const rows = [tensor(dtype, [2], [1, 0]), tensor(dtype, [2], [0, 1])];
    expect(mergeRows(rows)).toEqual(tensor(dtype, [2, 2], [1, 0, 0, 1]));
  });

  test("keeps the dimensions of a row behind the batch dimension", () => {
    expect(mergeRows([tensor("uint8", [1, 2, 3], [1, 2, 3, 4, 5, 6])]).shape).toEqual([1, 1, 2, 3]);
  });

  test("merges scalars to a list", () => {
    expect(mergeRows([tensor("float32", [], [3]), tensor("float32", [], [4])])).toEqual(
      tensor("float32", [2], [3, 4]),
    );
  });

  test.each(["float32", "string"] as const)("pads up to the batch size with the last row: %s", (dtype) => {
    const rows = [tensor(dtype, [2], [1, 2]), tensor(dtype, [2], [3, 4])];
    expect(mergeRows(rows, 4)).toEqual(tensor(dtype, [4, 2], [1, 2, 3, 4, 3, 4, 3, 4]));
  });

  test("copies: the rows stay as they are when the batch changes", () => {
    const row = tensor("float32", [1], [1]);
    mergeRows([row]).data[0] = 9;
    expect(row.data[0]).toBe(1);
  });

  test("copies a row that is a view from its own place", () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(2);
    expect(mergeRows([{ dtype: "float32", shape: [2], data }]).data).toEqual(Float32Array.of(3, 4));
  });

  test("keeps every digit of int64", () => {
    const largest = tensor("int64", [1], ["9223372036854775807"]);
    expect(mergeRows([largest, largest]).data).toEqual(
      BigInt64Array.of(9223372036854775807n, 9223372036854775807n),
    );
  });

  test.each([
    ["no rows", [], 1],
    ["more rows than the batch holds", [tensor("float32", [1], [1]), tensor("float32", [1], [2])], 1],
    ["rows of different shapes", [tensor("float32", [2], [1, 2]), tensor("float32", [1, 2], [1, 2])], 2],
    ["rows of different types", [tensor("float32", [1], [1]), tensor("int32", [1], [1])], 2],
  ])("throws INTERNAL for %s", (_, rows, batchSize) => {
    expect(() => mergeRows(rows, batchSize)).toThrow(INTERNAL);
  });
});

describe("splitRows", () => {
  test.each(DTYPES)("gives back the rows that were merged: %s", (dtype) => {
    const rows = [tensor(dtype, [2], [1, 0]), tensor(dtype, [2], [0, 1])];
    expect(splitRows(mergeRows(rows), 2)).toEqual(rows);
  });

  test("leaves the padding out", () => {
    expect(splitRows(tensor("float32", [3, 1], [1, 2, 2]), 2)).toEqual([
      tensor("float32", [1], [1]),
      tensor("float32", [1], [2]),
    ]);
  });

  test("gives views of the batch's memory", () => {
    const batch = tensor("float32", [2, 2], [1, 2, 3, 4]);
    const [, second] = splitRows(batch, 2);
    batch.data[2] = 9;
    expect(second?.data).toEqual(Float32Array.of(9, 4));
  });

  test("gives scalars for a list", () => {
    expect(splitRows(tensor("int64", [2], [5, 6]), 2).map(({ shape }) => shape)).toEqual([[], []]);
  });

  test("gives rows without elements where a dimension is zero", () => {
    expect(splitRows(tensor("float32", [2, 0], []), 2)).toEqual([
      tensor("float32", [0], []),
      tensor("float32", [0], []),
    ]);
  });

  test.each([
    ["a scalar", tensor("float32", [], [1]), 1],
    ["fewer rows than asked for", tensor("float32", [1, 2], [1, 2]), 2],
  ])("throws INTERNAL for %s", (_, batch, count) => {
    expect(() => splitRows(batch, count)).toThrow(INTERNAL);
  });
});
