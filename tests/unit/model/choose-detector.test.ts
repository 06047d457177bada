import { describe, expect, test } from "vitest";
import { chooseDetector, guessDetector } from "../../../src/model/choose-detector.ts";
import { chooseHead } from "../../../src/model/choose-head.ts";
import type { RecipeValues } from "../../../src/model/recipe.ts";
import { elementCount, type Tensors } from "../../../src/tensor/tensor.ts";

/** A row of zeros: the shape of each output by its name. */
function row(shapes: Readonly<Record<string, readonly number[]>>): Tensors {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      { dtype: "float32", shape, data: new Float32Array(elementCount(shape)) },
    ]),
  );
}

/** All values are stated by serving.json. */
function recipe(values: Partial<RecipeValues>) {
  return {
    values,
    origins: Object.fromEntries(Object.keys(values).map((name) => [name, "serving.json"])),
  };
}

const DETR = row({ logits: [5, 4], pred_boxes: [5, 4] });
const TORCHVISION = row({ boxes: [0, 4], labels: [0], scores: [0] });
const TENSORFLOW = row({
  "detection_boxes:0": [9, 4],
  "detection_classes:0": [9],
  "detection_scores:0": [9],
  "num_detections:0": [],
});
const ANCHORS = row({ output0: [7, 99] });
const TABLE = row({ output0: [300, 6] });

describe("guessDetector", () => {
  test.each<[string, Tensors, string | undefined]>([
    ["logits and boxes", DETR, "detr"],
    ["torchvision's lists", TORCHVISION, "torchvision"],
    ["TensorFlow's names", TENSORFLOW, "tensorflow"],
    ["Ultralytics' anchors", ANCHORS, "ultralytics"],
    ["Ultralytics' boxes after NMS", TABLE, "ultralytics_nms"],
    ["anchors and prototypes of masks", row({ output0: [39, 99], output1: [32, 8, 8] }), undefined],
    ["a table of another name", row({ features: [7, 99] }), undefined],
    ["more classes than boxes", row({ output0: [99, 7] }), undefined],
    ["scores", row({ output0: [1000] }), undefined],
    ["nothing", {}, undefined],
  ])("from %s", (_, outputs, form) => {
    expect(guessDetector(outputs)).toBe(form);
  });
});

describe("chooseDetector", () => {
  test("takes one more score than labels for a softmax, as many for a sigmoid", () => {
    const softmax = chooseDetector(recipe({ labels: ["a", "b", "c"] }), DETR);
    expect(softmax).toMatchObject({
      head: { outputs: { form: "detr", activation: "softmax" } },
      warnings: [],
    });
    const sigmoid = chooseDetector(recipe({ labels: ["a", "b", "c", "d"] }), DETR);
    expect(sigmoid).toMatchObject({ head: { outputs: { activation: "sigmoid" } }, warnings: [] });
  });

  test("believes a stated activation, and warns where it must guess", () => {
    expect(chooseDetector(recipe({ activation: "sigmoid" }), DETR).head).toMatchObject({
      outputs: { activation: "sigmoid" },
    });
    const { head, warnings } = chooseDetector(recipe({}), DETR);
    expect(head).toMatchObject({ outputs: { activation: "softmax" } });
    expect(warnings).toEqual([
      expect.stringContaining("no labels"),
      expect.stringContaining("softmax is guessed"),
    ]);
  });

  test.each([
    ["anchors", ANCHORS, 0.25],
    ["boxes after NMS", TABLE, 0.25],
  ])("takes Ultralytics' own threshold for %s, unless one is stated", (_, outputs, scoreThreshold) => {
    expect(chooseDetector(recipe({}), outputs).head).toMatchObject({ parameters: { scoreThreshold } });
    const stated = chooseDetector(recipe({ parameters: { scoreThreshold: 0.5 } }), outputs);
    expect(stated.head).toMatchObject({ parameters: { scoreThreshold: 0.5 } });
  });

  test("counts TensorFlow's classes from 1, others from 0, unless the folder says", () => {
    expect(chooseDetector(recipe({}), TENSORFLOW).head).toMatchObject({
      firstLabel: 1,
      outputs: { boxes: "detection_boxes:0", count: "num_detections:0" },
    });
    expect(chooseDetector(recipe({}), TORCHVISION).head).toMatchObject({ firstLabel: 0 });
    expect(chooseDetector(recipe({ firstLabel: 1 }), TORCHVISION).head).toMatchObject({ firstLabel: 1 });
  });

  test("says where it learnt the form", () => {
    expect(chooseDetector(recipe({}), TABLE).origins).toMatchObject({
      task: "the outputs' names and shapes",
      detector: "the outputs' names and shapes",
    });
    expect(chooseDetector(recipe({ detector: "ultralytics_nms" }), TABLE).origins).toEqual({
      task: "serving.json",
    });
  });

  test.each<[string, Partial<RecipeValues>, Tensors, string]>([
    [
      "labels of another number",
      { labels: ["a"] },
      ANCHORS,
      "serving.json: 1 labels, but the model has 3 classes",
    ],
    [
      "labels of neither number",
      { labels: ["a"] },
      DETR,
      "serving.json: 1 labels, but the model has 3 classes",
    ],
    [
      "a form whose outputs are not there",
      { detector: "detr" },
      ANCHORS,
      'serving.json: detector detr needs an output "pred_boxes", the model gives output0',
    ],
    [
      "a form that the shape does not fit",
      { detector: "ultralytics_nms" },
      ANCHORS,
      'serving.json: detector ultralytics_nms needs a row of [boxes, 6], output "output0" gives [7, 99]',
    ],
    [
      "a stated detection of no known form",
      { task: "detection" },
      row({ y: [3] }),
      "serving.json: task detection: no known form in the outputs y [3]: say which in serving.json (detector), or task generic",
    ],
  ])("refuses %s", (_, values, outputs, message) => {
    expect(() => chooseDetector(recipe(values), outputs)).toThrow(message);
  });
});

describe("chooseDetector of rows that hold more than boxes", () => {
  test("reads as many classes as the folder says, beside other outputs", () => {
    const masks = row({ output0: [39, 99], output1: [32, 8, 8] });
    const stated = recipe({
      task: "detection",
      detector: "ultralytics",
      classes: 3,
      labels: ["a", "b", "c"],
    });
    expect(chooseDetector(stated, masks).head).toMatchObject({
      outputs: { form: "ultralytics", output: "output0", classes: 3 },
      parameters: { scoreThreshold: 0.25, maxDetections: 300 },
    });
    expect(() => chooseDetector(recipe({ ...stated.values, labels: ["a"] }), masks)).toThrow(
      "1 labels, but the model has 3 classes",
    );
    const points = row({ output0: [300, 15] });
    expect(
      chooseDetector(recipe({ task: "detection", detector: "ultralytics_nms", classes: 3 }), points).head,
    ).toMatchObject({ outputs: { form: "ultralytics_nms" } });
  });
});

describe("chooseHead of a detector", () => {
  test("takes a picture's known form for a detection, a plain tensor's only when stated", () => {
    expect(chooseHead(recipe({}), DETR, "CHW").head.task).toBe("detection");
    expect(chooseHead(recipe({}), TORCHVISION, undefined).head.task).toBe("generic");
    expect(chooseHead(recipe({ task: "generic" }), DETR, "CHW").head.task).toBe("generic");
    expect(chooseHead(recipe({ task: "detection" }), row({ y: [7, 99] }), "CHW").head).toMatchObject({
      outputs: { form: "ultralytics", output: "y" },
    });
    expect(chooseHead(recipe({ detector: "ultralytics" }), row({ y: [7, 99] }), undefined).head.task).toBe(
      "detection",
    );
  });
});
