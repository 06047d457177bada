import { describe, expect, test } from "vitest";
import {
  addBatchAxis,
  dropBatchAxis,
  mergeColumns,
  rowCount,
  splitColumns,
} from "../../../src/tensor/columns.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

const row = (a: number, b: string) => ({ a: tensor("float32", [1], [a]), b: tensor("string", [], [b]) });

describe("mergeColumns", () => {
  test("merges name by name, in the order of the rows", () => {
    expect(mergeColumns([row(1, "x"), row(2, "y")])).toEqual({
      a: tensor("float32", [2, 1], [1, 2]),
      b: tensor("string", [2], ["x", "y"]),
    });
  });

  test("pads every name with the last row", () => {
    expect(mergeColumns([row(1, "x")], 2)).toEqual({
      a: tensor("float32", [2, 1], [1, 1]),
      b: tensor("string", [2], ["x", "x"]),
    });
  });

  test("finds a name whatever its place in the row", () => {
    const { a, b } = row(2, "y");
    expect(mergeColumns([row(1, "x"), { b, a }]).a).toEqual(tensor("float32", [2, 1], [1, 2]));
  });

  test.each([
    ["a row lacks a name", [row(1, "x"), { a: tensor("float32", [1], [2]) }]],
    ["a row has a name more", [{ a: tensor("float32", [1], [2]) }, row(1, "x")]],
    ["a row differs in shape", [row(1, "x"), { ...row(2, "y"), a: tensor("float32", [2], [2, 2]) }]],
  ])("throws INTERNAL when %s, so that no row gets another's answer", (_, rows) => {
    expect(() => mergeColumns(rows)).toThrow(expect.objectContaining({ code: "INTERNAL" }));
  });
});

describe("splitColumns", () => {
  test("gives back the rows that were merged, without the padding", () => {
    const rows = [row(1, "x"), row(2, "y"), row(3, "z")];
    expect(splitColumns(mergeColumns(rows, 5), 3)).toEqual(rows);
  });

  test("gives views of the batch's memory", () => {
    const a = tensor("float32", [2, 1], [1, 2]);
    const [, second] = splitColumns({ a }, 2);
    a.data[1] = 9;
    expect(second?.a?.data).toEqual(Float32Array.of(9));
  });

  test("throws INTERNAL when one name has fewer rows", () => {
    const columns = { a: tensor("float32", [2], [1, 2]), b: tensor("float32", [1], [1]) };
    expect(() => splitColumns(columns, 2)).toThrow(expect.objectContaining({ code: "INTERNAL" }));
  });
});

describe("rowCount", () => {
  test.each([
    ["one size", { a: tensor("float32", [2, 1], [1, 2]), b: tensor("float32", [2], [1, 2]) }, 2],
    ["no rows", { a: tensor("float32", [0, 3], []) }, 0],
    ["different sizes", { a: tensor("float32", [2], [1, 2]), b: tensor("float32", [1], [1]) }, undefined],
    ["a scalar among them", { a: tensor("float32", [1], [1]), b: tensor("float32", [], [1]) }, undefined],
    ["scalars only", { a: tensor("float32", [], [1]) }, undefined],
    ["no tensors", {}, undefined],
  ])("counts %s", (_, columns, count) => {
    expect(rowCount(columns)).toBe(count);
  });
});

describe("addBatchAxis", () => {
  test("puts a 1 before every shape", () => {
    expect(addBatchAxis(row(1, "x"))).toEqual({
      a: tensor("float32", [1, 1], [1]),
      b: tensor("string", [1], ["x"]),
    });
  });
});

describe("dropBatchAxis", () => {
  test("takes the 1 away again", () => {
    expect(dropBatchAxis(addBatchAxis(row(1, "x")))).toEqual(row(1, "x"));
  });

  test("leaves a tensor with another first size, and a scalar, as they are", () => {
    const columns = { table: tensor("float32", [2, 1], [1, 2]), mean: tensor("float32", [], [1]) };
    expect(dropBatchAxis(columns)).toEqual(columns);
  });
});
