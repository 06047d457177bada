import { describe, expect, test } from "vitest";
import { describeSignature } from "../../../src/signature/describe-signature.ts";
import { type Head, offeredSignatures } from "../../../src/signature/head.ts";

const LABELS = ["cat", "dog"];
const OUTPUTS = [{ name: "logits", dtype: "float32", shape: ["N", 2] }] as const;
const CLASSIFIER: Head = {
  task: "classification",
  output: "logits",
  classes: 2,
  labels: LABELS,
  activation: "softmax",
};
const DETECTOR: Head = { task: "detection", outputs: { form: "ultralytics", output: "output0" } };
const segmentation = (classes: number): Head => ({
  task: "segmentation",
  output: "logits",
  classes,
  activation: "softmax",
});

describe("describeSignature", () => {
  test("describes serving_default by the model's own outputs", () => {
    expect(describeSignature("serving_default", CLASSIFIER, OUTPUTS)).toBe(OUTPUTS);
  });

  test.each([
    ["class", { name: "class", dtype: "int64", shape: ["N"] }],
    ["label", { name: "label", dtype: "string", shape: ["N"] }],
    ["scores", { name: "scores", dtype: "float32", shape: ["N", 2] }],
  ] as const)("describes %s of a classifier", (name, description) => {
    expect(describeSignature(name, CLASSIFIER, OUTPUTS)).toEqual([description]);
  });

  test("describes lists of objects by their fields, and a handler's answer as text", () => {
    const fields = [
      { name: "label", dtype: "string", shape: ["N", "k"] },
      { name: "class", dtype: "int64", shape: ["N", "k"] },
      { name: "score", dtype: "float32", shape: ["N", "k"] },
    ];
    expect(describeSignature("top_k", CLASSIFIER, OUTPUTS)).toEqual(fields);
    expect(describeSignature("boxes", DETECTOR, OUTPUTS)).toEqual([
      ...fields.map((one) => ({ ...one, shape: ["N", "any"] })),
      { name: "box", dtype: "float32", shape: ["N", "any", 4] },
    ]);
    expect(describeSignature("custom", CLASSIFIER, OUTPUTS)).toEqual([
      { name: "custom", dtype: "string", shape: ["N"] },
    ]);
  });

  test("describes class and label as lists where several can be right", () => {
    const head = { ...CLASSIFIER, isMultiLabel: true };
    expect(describeSignature("class", head, OUTPUTS)).toEqual([
      { name: "class", dtype: "int64", shape: ["N", "any"] },
    ]);
    expect(describeSignature("label", head, OUTPUTS)).toEqual([
      { name: "label", dtype: "string", shape: ["N", "any"] },
    ]);
  });

  test("describes detection by the names of TensorFlow's Object Detection API", () => {
    expect(describeSignature("detection", DETECTOR, OUTPUTS).map(({ name }) => name)).toEqual([
      "num_detections",
      "detection_boxes",
      "detection_scores",
      "detection_classes",
    ]);
  });

  test.each([
    [255, "uint8"],
    [256, "uint16"],
  ])("describes class and mask of %d classes as %s", (classes, dtype) => {
    expect(describeSignature("class", segmentation(classes), OUTPUTS)).toEqual([
      { name: "class", dtype, shape: ["N", "height", "width"] },
    ]);
    expect(describeSignature("mask", segmentation(classes), OUTPUTS)).toEqual([
      { name: "mask", dtype, shape: ["N", "source height", "source width"] },
    ]);
    expect(describeSignature("mask_png", segmentation(classes), OUTPUTS)).toEqual([
      { name: "mask_png", dtype: "string", shape: ["N"] },
    ]);
    expect(describeSignature("base64_prediction", segmentation(classes), OUTPUTS)).toHaveLength(3);
  });
});

describe("offeredSignatures", () => {
  test.each<[string, Head, string[]]>([
    ["a classifier with labels", CLASSIFIER, ["serving_default", "class", "label", "scores", "top_k"]],
    [
      "a classifier without labels",
      { task: "classification", output: "y", classes: 2, activation: "none" },
      ["serving_default", "class", "scores", "top_k"],
    ],
    [
      "a segmentation model",
      segmentation(255),
      ["serving_default", "class", "mask", "mask_png", "base64_prediction"],
    ],
    [
      "a segmentation model of more classes than a palette has colours",
      segmentation(256),
      ["serving_default", "class", "mask", "base64_prediction"],
    ],
    ["a detector", DETECTOR, ["serving_default", "boxes", "detection"]],
    ["a regression", { task: "regression" }, ["serving_default"]],
    ["tensors", { task: "generic" }, ["serving_default"]],
    ["a handler's answer", { task: "generic", hasPostprocess: true }, ["serving_default", "custom"]],
  ])("lists those of %s", (_, head, names) => {
    expect(offeredSignatures(head)).toEqual(names);
  });
});
