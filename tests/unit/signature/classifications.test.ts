import { describe, expect, test } from "vitest";
import {
  chooseExampleSignature,
  toClassifications,
  toRegression,
} from "../../../src/signature/classifications.ts";
import type { Head } from "../../../src/signature/head.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { errorOf } from "../protocol/error-of.ts";

const CLASSIFIER: Head = { task: "classification", output: "y", classes: 2, activation: "softmax" };
const HEADS = {
  classifier: CLASSIFIER,
  segmentation: { ...CLASSIFIER, task: "segmentation" },
  regression: { task: "regression" },
  generic: { task: "generic" },
} satisfies Record<string, Head>;

const Y = { name: "y", dtype: "float32", shape: ["N", 1] } as const;
const scalar = (dtype: Tensor["dtype"], shape: number[], data: Tensor["data"]): Tensor => ({
  dtype,
  shape,
  data,
});

describe("chooseExampleSignature", () => {
  test.each([
    ["classify", "classifier", undefined, "scores"],
    ["classify", "classifier", "serving_default", "scores"],
    ["classify", "classifier", "scores", "scores"],
    ["regress", "regression", undefined, "serving_default"],
    ["regress", "generic", "serving_default", "serving_default"],
  ] as const)("%s of a %s, asked for %s: %s", (method, head, named, signature) => {
    expect(chooseExampleSignature(method, { head: HEADS[head], outputs: [Y] }, named)).toBe(signature);
  });

  test.each([
    [
      "classify",
      "generic",
      undefined,
      "Expected classification signature method_name to be tensorflow/serving/classify. Was: tensorflow/serving/predict",
    ],
    [
      "classify",
      "segmentation",
      undefined,
      "Expected classification signature method_name to be tensorflow/serving/classify. Was: tensorflow/serving/predict",
    ],
    [
      "classify",
      "classifier",
      "top_k",
      "Expected classification signature method_name to be tensorflow/serving/classify. Was: tensorflow/serving/predict",
    ],
    [
      "regress",
      "classifier",
      undefined,
      "Expected regression signature method_name to be tensorflow/serving/regress. Was: tensorflow/serving/classify",
    ],
    ["classify", "classifier", "nope", "No signature was found with the name: nope"],
  ] as const)("%s of a %s, asked for %s, is refused", (method, head, named, message) => {
    const choose = () => chooseExampleSignature(method, { head: HEADS[head], outputs: [Y] }, named);
    expect(errorOf(choose)).toEqual({ code: "INVALID_ARGUMENT", message });
  });

  test("regress takes models of one output", () => {
    const choose = () =>
      chooseExampleSignature("regress", { head: HEADS.generic, outputs: [Y, Y] }, undefined);
    expect(errorOf(choose).message).toBe("Expected one output Tensor.");
  });
});

describe("toClassifications", () => {
  const scores = scalar("float32", [2], new Float32Array([0.25, 0.75]));

  test("names every class in the model's order", () => {
    const { labels } = toClassifications(scores, { ...CLASSIFIER, labels: ["cat", "dog"] });
    expect(labels).toEqual(["cat", "dog"]);
  });

  test("leaves labels empty where the model has none", () => {
    const found = toClassifications(scores, CLASSIFIER);
    expect([found.labels, [...found.scores]]).toEqual([
      ["", ""],
      [0.25, 0.75],
    ]);
  });
});

describe("toRegression", () => {
  test.each([
    ["float32", [], new Float32Array([42])],
    ["float32", [1], new Float32Array([42])],
    ["int64", [], new BigInt64Array([42n])],
    ["float16", [1], new Uint16Array([0x5140])],
  ] as const)("reads %s %j", (dtype, shape, data) => {
    expect(toRegression(scalar(dtype, [...shape], data))).toBe(42);
  });

  test.each([
    [
      "float32",
      [2],
      new Float32Array(2),
      "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [batch_size, 2]",
    ],
    ["string", [], ["a"], "Expected output Tensor of DT_FLOAT.  Got: DT_STRING"],
  ] as const)("refuses %s %j", (dtype, shape, data, message) => {
    expect(errorOf(() => toRegression(scalar(dtype, [...shape], data as never)))).toEqual({
      code: "INVALID_ARGUMENT",
      message,
    });
  });
});
