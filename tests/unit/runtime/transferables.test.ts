import { describe, expect, test } from "vitest";
import { toTransferable } from "../../../src/runtime/transferables.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

const view = (data: Float32Array): Tensor => ({ dtype: "float32", shape: [data.length], data });

describe("toTransferable", () => {
  test("gives a tensor that is alone in its memory as it is", () => {
    const row = { x: tensor("float32", [2], [1, 2]) };
    const { tensors, memory } = toTransferable([row]);
    expect(tensors[0]?.x?.data).toBe(row.x.data);
    expect(memory).toEqual([(row.x.data as Float32Array).buffer]);
  });

  test("copies a view into larger memory, whose owner keeps it", () => {
    const batch = Float32Array.of(1, 2, 3, 4);
    const { tensors, memory } = toTransferable([{ x: view(batch.subarray(2)) }]);
    structuredClone(tensors, { transfer: memory });
    expect(memory.map(({ byteLength }) => byteLength)).toEqual([0]);
    expect(batch).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  test("gives one memory to each of two tensors that share theirs", () => {
    const shared = Float32Array.of(1, 2);
    const { tensors, memory } = toTransferable([{ a: view(shared), b: view(shared) }, { a: view(shared) }]);
    expect(memory).toHaveLength(3);
    const own = view(Float32Array.of(1, 2));
    expect(structuredClone(tensors, { transfer: memory })).toEqual([{ a: own, b: own }, { a: own }]);
  });

  test("leaves what stands in memory that threads share where it is", () => {
    const data = new Float32Array(new SharedArrayBuffer(16), 4, 2);
    const { tensors, memory } = toTransferable([{ x: { dtype: "float32", shape: [2], data } }]);
    expect(tensors[0]?.x?.data).toBe(data);
    expect(memory).toEqual([]);
  });

  test("leaves text alone", () => {
    const row = { x: tensor("string", [1], ["a"]) };
    expect(toTransferable([row])).toEqual({ tensors: [row], memory: [] });
  });

  test("keeps names, shapes and types", () => {
    const rows = [{ a: tensor("int64", [1, 2], [1, 2]), b: tensor("bool", [], [1]) }, {}];
    expect(toTransferable(rows).tensors).toEqual(rows);
  });
});
