import { describe, expect, test } from "vitest";
import { describeSignature } from "../../../src/signature/describe-signature.ts";
import { type Head, offeredSignatures } from "../../../src/signature/head.ts";
import { readParameters } from "../../../src/signature/parameters.ts";
import { renderSignature } from "../../../src/signature/render-signature.ts";
import { signatureTensors } from "../../../src/signature/signature-tensors.ts";
import type { AnswerTensors } from "../../../src/tensor/answer-tensor.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Value } from "../../../src/tensor/value.ts";

const float32 = (shape: number[], ...data: number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(data),
});
const int64 = (shape: number[], ...data: number[]): Tensor => ({
  dtype: "int64",
  shape,
  data: BigInt64Array.from(data, BigInt),
});
const strings = (shape: number[], ...data: string[]): Tensor => ({ dtype: "string", shape, data });
const uint8 = (shape: number[], ...data: number[]): Tensor => ({
  dtype: "uint8",
  shape,
  data: Uint8Array.from(data),
});

const tensors = (name: Parameters<typeof signatureTensors>[0], answers: Value[]): AnswerTensors =>
  signatureTensors(name, answers, (value) => JSON.stringify(value));

describe("signatureTensors", () => {
  test("makes classes int64 and labels strings, one for each instance", () => {
    expect(tensors("class", [3, 1])).toEqual({ class: int64([2], 3, 1) });
    expect(tensors("label", ["dog", "cat"])).toEqual({ label: strings([2], "dog", "cat") });
  });

  test("pads the lists of a multi-label model with class -1 and an empty label", () => {
    expect(tensors("class", [[], [0, 4]])).toEqual({ class: int64([2, 2], -1, -1, 0, 4) });
    expect(tensors("label", [["a"], ["b", "c"]])).toEqual({ label: strings([2, 2], "a", "", "b", "c") });
    expect(tensors("class", [[], []])).toEqual({ class: int64([2, 0]) });
  });

  test("stacks scores and maps of classes", () => {
    expect(tensors("scores", [float32([2], 0.2, 0.8), float32([2], 1, 0)])).toEqual({
      scores: float32([2, 2], Math.fround(0.2), Math.fround(0.8), 1, 0),
    });
    expect(tensors("class", [uint8([1, 2], 1, 0), uint8([1, 2], 7, 8)])).toEqual({
      class: uint8([2, 1, 2], 1, 0, 7, 8),
    });
    expect(tensors("mask", [uint8([1, 2], 1, 0)])).toEqual({ mask: uint8([1, 1, 2], 1, 0) });
  });

  test("refuses masks of several sizes, which are no tensor", () => {
    const masks = [uint8([1, 2], 1, 0), uint8([2, 1], 1, 0)];
    expect(() => tensors("mask", masks)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  test("makes a tensor of each field of top_k", () => {
    const one = (label: string, index: number, score: number) => ({
      label,
      class: index,
      score: float32([], score),
    });
    expect(
      tensors("top_k", [
        [one("a", 0, 0.5), one("b", 1, 0.25)],
        [one("b", 1, 1), one("a", 0, 0)],
      ]),
    ).toEqual({
      label: strings([2, 2], "a", "b", "b", "a"),
      class: int64([2, 2], 0, 1, 1, 0),
      score: float32([2, 2], 0.5, 0.25, 1, 0),
    });
  });

  test("pads boxes to the most that an instance has", () => {
    const box = { label: "car", class: 2, score: float32([], 0.5), box: float32([4], 1, 2, 3, 4) };
    expect(tensors("boxes", [[], [box, box]])).toEqual({
      label: strings([2, 2], "", "", "car", "car"),
      class: int64([2, 2], -1, -1, 2, 2),
      score: float32([2, 2], 0, 0, 0.5, 0.5),
      box: float32([2, 2, 4], 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 1, 2, 3, 4),
    });
    expect(tensors("boxes", [[]])).toEqual({
      label: strings([1, 0]),
      class: int64([1, 0]),
      score: float32([1, 0]),
      box: float32([1, 0, 4]),
    });
  });

  test("gives a class that is no whole number as -1", () => {
    const box = { label: "NaN", class: Number.NaN, score: float32([], 0.5), box: float32([4], 1, 2, 3, 4) };
    expect(tensors("boxes", [[box]])).toMatchObject({ class: int64([1, 1], -1) });
  });

  test("pads detections, whose number it tells", () => {
    const found = {
      num_detections: 1,
      detection_boxes: float32([1, 4], 0.1, 0.2, 0.3, 0.4),
      detection_scores: float32([1], 0.5),
      detection_classes: [7],
    };
    const none = {
      num_detections: 0,
      detection_boxes: float32([0, 4]),
      detection_scores: float32([0]),
      detection_classes: [],
    };
    expect(tensors("detection", [found, none])).toEqual({
      num_detections: int64([2], 1, 0),
      detection_boxes: float32([2, 1, 4], 0.1, 0.2, 0.3, 0.4, 0, 0, 0, 0),
      detection_scores: float32([2, 1], 0.5, 0),
      detection_classes: int64([2, 1], 7, -1),
    });
  });

  test("gives a PNG as its bytes, and a mask in base64 as the text that its name tells", () => {
    const png = Buffer.from("\x89PNG", "latin1");
    expect(tensors("mask_png", [{ b64: png.toString("base64") }])).toEqual({
      mask_png: { dtype: "bytes", shape: [1], data: [png] },
    });
    expect(
      tensors("base64_prediction", [{ base64_prediction: "AAE=", shape: [1, 2], dtype: "uint8" }]),
    ).toEqual({
      base64_prediction: strings([1], "AAE="),
      shape: int64([1, 2], 1, 2),
      dtype: strings([1], "uint8"),
    });
  });

  test("writes a handler's answers as JSON text", () => {
    expect(tensors("custom", [{ a: [1] }, null])).toEqual({ custom: strings([2], '{"a":[1]}', "null") });
  });
});

const HEADS: readonly [string, Head, Tensor][] = [
  [
    "a classifier",
    { task: "classification", output: "y", classes: 3, labels: ["a", "b", "c"], activation: "softmax" },
    float32([3], 1, 2, 3),
  ],
  [
    "a multi-label classifier",
    {
      task: "classification",
      output: "y",
      classes: 2,
      labels: ["a", "b"],
      activation: "sigmoid",
      isMultiLabel: true,
    },
    float32([2], 3, -3),
  ],
  [
    "a segmentation model",
    { task: "segmentation", output: "y", classes: 2, activation: "softmax" },
    float32([2, 1, 2], 1, 0, 0, 1),
  ],
  [
    "a detector",
    { task: "detection", outputs: { form: "ultralytics_nms", output: "y" } },
    float32([1, 6], 0, 0, 1, 1, 0.9, 1),
  ],
];

describe("signatureTensors and describeSignature", () => {
  test.each(HEADS)("agree on every signature of %s", (_, head, y) => {
    const size = { height: 1, width: 2 };
    const origin = { source: size, resized: size, row: size, top: 0, left: 0 };
    for (const name of offeredSignatures(head)) {
      if (name === "serving_default" || name === "custom") continue;
      const answer = renderSignature(name, head, { outputs: { y }, origin }, readParameters({}, head));
      const made = Object.entries(tensors(name, [answer, answer])).map(([output, { dtype, shape }]) => ({
        output,
        dtype: dtype === "bytes" ? "string" : dtype,
        rank: shape.length,
      }));
      const told = describeSignature(name, head, []).map(({ name: output, dtype, shape }) => ({
        output,
        dtype,
        rank: shape.length,
      }));
      expect(made).toEqual(told);
    }
  });
});
