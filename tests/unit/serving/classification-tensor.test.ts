import { describe, expect, test } from "vitest";
import { classificationTensor, labelsOfOutput } from "../../../src/serving/classification-tensor.ts";
import type { AnswerTensor } from "../../../src/tensor/answer-tensor.ts";

const LOGITS: AnswerTensor = { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 5, 0.2, 4, -1, 10) };
const texts = (shape: number[], ...data: string[]) => ({ dtype: "string", shape, data });

describe("classificationTensor", () => {
  test("tells the largest of each row, with their labels", () => {
    const labels = ["a", "b", "c"];
    expect(classificationTensor("y", LOGITS, { count: 2, hasRows: true, labels })).toEqual(
      texts([2, 2], "5.0:1:b", "1.0:0:a", "10.0:2:c", "4.0:0:a"),
    );
  });

  test("tells no more than there are, and no labels that are of another number", () => {
    expect(classificationTensor("y", LOGITS, { count: 9, hasRows: true, labels: ["a"] })).toEqual(
      texts([2, 3], "5.0:1", "1.0:0", "0.2:2", "10.0:2", "4.0:0", "-1.0:1"),
    );
  });

  test("takes an output without rows as one", () => {
    expect(classificationTensor("y", LOGITS, { count: 1, hasRows: false })).toEqual(texts([1], "10.0:5"));
  });

  test("writes 64-bit integers exactly, and numbers that JSON has no word for", () => {
    const big: AnswerTensor = { dtype: "int64", shape: [1, 2], data: BigInt64Array.of(2n ** 62n + 1n, 1n) };
    expect(classificationTensor("y", big, { count: 1, hasRows: true }).data).toEqual([
      "4611686018427387905:0",
    ]);
    const odd: AnswerTensor = {
      dtype: "float16",
      shape: [1, 3],
      data: Uint16Array.of(0x7e00, 0x7c00, 0xfc00),
    };
    expect(classificationTensor("y", odd, { count: 3, hasRows: true }).data).toEqual([
      "inf:1",
      "nan:0",
      "-inf:2",
    ]);
  });

  test.each<AnswerTensor>([
    { dtype: "string", shape: [1], data: ["a"] },
    { dtype: "bytes", shape: [1], data: [new Uint8Array()] },
    { dtype: "bool", shape: [1], data: Uint8Array.of(1) },
  ])("refuses $dtype", (tensor) => {
    expect(() => classificationTensor("y", tensor, { count: 1, hasRows: true })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });
});

describe("labelsOfOutput", () => {
  const head = {
    task: "classification",
    output: "y",
    classes: 1,
    labels: ["a"],
    activation: "none",
  } as const;

  test("knows those of a classifier's scores, as the model gives them and as the signature does", () => {
    expect(labelsOfOutput(head, "y")).toBe(head.labels);
    expect(labelsOfOutput(head, "scores")).toBe(head.labels);
    expect(labelsOfOutput(head, "z")).toBeUndefined();
    expect(labelsOfOutput({ task: "generic" }, "scores")).toBeUndefined();
  });
});
