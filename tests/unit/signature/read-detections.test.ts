import { describe, expect, test } from "vitest";
import type { DetectionOutputs } from "../../../src/signature/detection-outputs.ts";
import { readDetections } from "../../../src/signature/read-detections.ts";
import type { Tensors } from "../../../src/tensor/tensor.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

const ROW = { height: 100, width: 200 };
const DETR = { form: "detr", boxes: "pred_boxes", scores: "logits" } as const;
const LISTS = { boxes: "boxes", scores: "scores", classes: "classes" } as const;

function read(how: DetectionOutputs, outputs: Tensors, scoreThreshold = 0.5) {
  return readDetections(how, outputs, { scoreThreshold, row: ROW });
}

/** Logits of a softmax whose scores these are. */
const logs = (...scores: number[]) => scores.map(Math.log);
const logit = (score: number) => Math.log(score / (1 - score));

describe("readDetections", () => {
  test("reads a DETR: the best class of each query, no object aside", () => {
    const outputs = {
      logits: tensor(
        "float32",
        [3, 3],
        [...logs(0.75, 0.125, 0.125), ...logs(0.1, 0.2, 0.7), ...logs(0.2, 0.6, 0.2)],
      ),
      pred_boxes: tensor("float32", [3, 4], [0.5, 0.5, 0.5, 0.5, 0, 0, 1, 1, 0.25, 0.5, 0.5, 1]),
    };
    const found = read({ ...DETR, activation: "softmax" }, outputs);
    expect(found).toEqual([
      { box: [50, 25, 150, 75], score: expect.closeTo(0.75, 6), class: 0 },
      { box: [0, 0, 100, 100], score: expect.closeTo(0.6, 6), class: 1 },
    ]);
  });

  test("reads a Deformable DETR: each class of each query for itself", () => {
    const outputs = {
      logits: tensor("float32", [2, 2], [logit(0.75), logit(0.625), logit(0.25), logit(0.875)]),
      pred_boxes: tensor("float32", [2, 4], [0.5, 0.5, 1, 1, 0.25, 0.25, 0.5, 0.5]),
    };
    const found = read({ ...DETR, activation: "sigmoid" }, outputs);
    expect(found).toEqual([
      { box: [0, 0, 200, 100], score: expect.closeTo(0.75, 6), class: 0 },
      { box: [0, 0, 200, 100], score: expect.closeTo(0.625, 6), class: 1 },
      { box: [0, 0, 100, 50], score: expect.closeTo(0.875, 6), class: 1 },
    ]);
  });

  test("reads no more classes of Ultralytics' anchors than there are, and rows that go on after the class", () => {
    const output = tensor("float32", [7, 2], [2, 5, 2, 5, 4, 2, 4, 2, 0.625, 0.25, 0.5, 0.75, 9, 9]);
    expect(read({ form: "ultralytics", output: "output0", classes: 2 }, { output0: output })).toEqual([
      { box: [0, 0, 4, 4], score: 0.625, class: 0 },
      { box: [4, 4, 6, 6], score: 0.75, class: 1 },
    ]);
    const table = tensor("float32", [2, 8], [0, 0, 4, 4, 0.875, 1, 7, 7, 4, 4, 6, 6, 0.75, 0, 7, 7]);
    expect(read({ form: "ultralytics_nms", output: "output0" }, { output0: table })).toEqual([
      { box: [0, 0, 4, 4], score: 0.875, class: 1 },
      { box: [4, 4, 6, 6], score: 0.75, class: 0 },
    ]);
  });

  test.each([
    ["three things", 3, [[3, 4], [3], [3]]],
    ["one thing, whose axis was taken for the batch's", 1, [[4], [], []]],
    ["nothing", 0, [[0, 4], [0], [0]]],
  ])("reads a torchvision detector that found %s", (_, count, [boxShape, scoreShape, classShape]) => {
    const boxes = Array.from({ length: count * 4 }, (_edge, i) => i);
    const outputs = {
      boxes: tensor("float32", boxShape ?? [], boxes),
      scores: tensor("float32", scoreShape ?? [], [0.5, 0.75, 1].slice(0, count)),
      classes: tensor("int64", classShape ?? [], [3, 1, 2].slice(0, count)),
    };
    const all = [
      { box: [0, 1, 2, 3], score: 0.5, class: 3 },
      { box: [4, 5, 6, 7], score: 0.75, class: 1 },
      { box: [8, 9, 10, 11], score: 1, class: 2 },
    ];
    expect(read({ form: "torchvision", ...LISTS }, outputs)).toEqual(all.slice(0, count));
  });

  test("reads a TensorFlow detector: y before x, and only as many as it counts", () => {
    const outputs = {
      boxes: tensor("float32", [3, 4], [0.25, 0.5, 0.75, 1, 0, 0, 1, 1, 0, 0, 1, 1]),
      scores: tensor("float32", [3], [0.75, 0.25, 0.75]),
      classes: tensor("float32", [3], [17, 1, 1]),
      count: tensor("float32", [], [2]),
    };
    expect(read({ form: "tensorflow", ...LISTS, count: "count" }, outputs)).toEqual([
      { box: [100, 25, 200, 75], score: 0.75, class: 17 },
    ]);
  });

  test("reads an Ultralytics detector: the best class of each anchor", () => {
    const output = tensor(
      "float32",
      [6, 3],
      [
        ...[10, 20, 30],
        ...[10, 20, 30],
        ...[4, 8, 8],
        ...[2, 8, 8],
        ...[0.5, 0.25, 0.125],
        ...[0.25, 0.75, 0.125],
      ],
    );
    expect(read({ form: "ultralytics", output: "y" }, { y: output }, 0.25)).toEqual([
      { box: [8, 9, 12, 11], score: 0.5, class: 0 },
      { box: [16, 16, 24, 24], score: 0.75, class: 1 },
    ]);
  });

  test("reads one with NMS in the graph", () => {
    const output = tensor("float32", [2, 6], [1, 2, 3, 4, 0.75, 5, 0, 0, 0, 0, 0, 0]);
    expect(read({ form: "ultralytics_nms", output: "y" }, { y: output })).toEqual([
      { box: [1, 2, 3, 4], score: 0.75, class: 5 },
    ]);
  });

  test("compares with the threshold as float32, and never takes NaN", () => {
    const output = tensor(
      "float32",
      [3, 6],
      [...[0, 0, 1, 1, 0.7, 0], ...[0, 0, 1, 1, 0.69, 1], ...[0, 0, 1, 1, Number.NaN, 2]],
    );
    const found = read({ form: "ultralytics_nms", output: "y" }, { y: output }, 0.7);
    expect(found.map((one) => one.class)).toEqual([0]);
  });

  test("throws INTERNAL for an output that is not there", () => {
    expect(() => read({ form: "ultralytics", output: "y" }, {})).toThrow(
      expect.objectContaining({ code: "INTERNAL" }),
    );
  });
});
