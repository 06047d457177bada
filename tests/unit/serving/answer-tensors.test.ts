import { describe, expect, test } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import { answerTensors } from "../../../src/serving/answer-tensors.ts";

describe("answerTensors", () => {
  test("gives raw outputs as they are", () => {
    const outputs = { y: { dtype: "float32", shape: [1], data: Float32Array.of(1) } } as const;
    expect(answerTensors({ kind: "outputs", outputs }, "serving_default")).toBe(outputs);
  });

  test("writes the tensors of a handler's answer in their own shortest form", () => {
    const value = { score: { dtype: "float32", shape: [], data: Float32Array.of(0.2) } } as const;
    expect(answerTensors({ kind: "predictions", predictions: [{ value }] }, "custom")).toEqual({
      custom: { dtype: "string", shape: [1], data: ['{"score":0.2}'] },
    });
  });

  test("fails with the first instance that has no answer", () => {
    const predictions = [1, 2].map((instance) => ({
      error: new ServingError("INVALID_IMAGE", "x", { instance }),
    }));
    expect(() =>
      answerTensors({ kind: "predictions", predictions: [{ value: 1 }, ...predictions] }, "class"),
    ).toThrow(expect.objectContaining({ code: "INVALID_IMAGE", instance: 1 }));
  });
});
