import { describe, expect, test } from "vitest";
import type { Head } from "../../../src/signature/head.ts";
import { readParameters } from "../../../src/signature/parameters.ts";
import {
  isHeavy,
  type RenderedSignature,
  type RowResult,
  renderSignature,
} from "../../../src/signature/render-signature.ts";
import { isTensor } from "../../../src/tensor/tensor.ts";
import type { Value } from "../../../src/tensor/value.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

const CLASSIFIER = {
  task: "classification",
  output: "logits",
  classes: 3,
  labels: ["cat", "dog", "fish"],
  activation: "softmax",
} as const;
const SEGMENTATION = { task: "segmentation", output: "logits", classes: 2, activation: "softmax" } as const;
const INTERNAL = expect.objectContaining({ code: "INTERNAL" });

/** Softmax of [1, 3, 2]. */
const SCORES = [0.0900305732, 0.6652409558, 0.2447284711];

const logits = (...values: number[]): RowResult => ({
  outputs: { logits: tensor("float32", [values.length], values) },
});

function render(name: RenderedSignature, result: RowResult, head: Head = CLASSIFIER, k = 5) {
  return renderSignature(name, head, result, { ...readParameters({}, head), k });
}

/** Returns `value` with its tensors as lists of numbers, to six digits. */
function plain(value: Value): unknown {
  if (isTensor(value)) return Array.from(value.data, Number).map(sixDigits);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

const sixDigits = (value: number | undefined) => Number(value?.toFixed(6));

describe("renderSignature", () => {
  test("gives the best class as a number", () => {
    expect(render("class", logits(1, 3, 2))).toBe(1);
  });

  test("gives the best class's label, its number where there are none", () => {
    const { labels: _, ...unlabelled } = CLASSIFIER;
    expect(render("label", logits(1, 3, 2))).toBe("dog");
    expect(render("label", logits(1, 3, 2), unlabelled)).toBe("1");
  });

  test("gives the scores as float32", () => {
    const scores = render("scores", logits(1, 3, 2));
    expect(scores).toMatchObject({ dtype: "float32", shape: [3] });
    expect(plain(scores)).toEqual(SCORES.map(sixDigits));
  });

  test("gives a single number's two classes, by its sigmoid or as it is", () => {
    const labels = ["cat", "dog"];
    const sigmoid = { ...CLASSIFIER, labels, classes: 2, isBinary: true, activation: "sigmoid" } as const;
    expect(plain(render("scores", logits(2), sigmoid))).toEqual([0.119202922, 0.880797078].map(sixDigits));
    expect(render("class", logits(2), sigmoid)).toBe(1);
    expect(render("label", logits(-2), sigmoid)).toBe("cat");
    expect(render("class", logits(0), sigmoid)).toBe(0);
    expect(plain(render("top_k", logits(2), sigmoid))).toMatchObject([{ label: "dog" }, { label: "cat" }]);
    const probability = { ...sigmoid, activation: "none" } as const;
    expect(plain(render("scores", logits(0.25), probability))).toEqual([0.75, 0.25]);
    expect(render("label", logits(0.75), probability)).toBe("dog");
    expect(plain(render("scores", logits(Number.NaN), sigmoid))).toEqual([Number.NaN, Number.NaN]);
    expect(render("class", logits(Number.NaN), sigmoid)).toBe(0);
  });

  test("agrees with itself where a logit is NaN: class and top_k name the same best", () => {
    const result = logits(Number.NaN, 1, 3);
    expect(render("class", result)).toBe(2);
    expect(render("top_k", result)).toMatchObject([{ class: 2 }, { class: 1 }, { class: 0 }]);
  });

  test("reads a map of scores whose classes come last", () => {
    const head = { ...SEGMENTATION, isChannelsLast: true } as const;
    const outputs = { logits: tensor("float32", [1, 3, 2], [9, 1, 2, 5, 0, 1]) };
    expect(render("class", { outputs }, head)).toMatchObject({ shape: [1, 3], data: Uint8Array.of(0, 1, 1) });
  });

  test("gives each class's own score where the labels do not exclude each other", () => {
    expect(plain(render("scores", logits(0, 2, -2), { ...CLASSIFIER, activation: "sigmoid" }))).toEqual(
      [0.5, 0.880797078, 0.119202922].map(sixDigits),
    );
  });

  test("gives every class and label at or above the threshold where several can be right", () => {
    const head = { ...CLASSIFIER, activation: "sigmoid", isMultiLabel: true } as const;
    expect(render("class", logits(0, -1, 2), head)).toEqual([0, 2]);
    expect(render("label", logits(0, -1, 2), head)).toEqual(["cat", "fish"]);
    expect(render("class", logits(-1, -1, -1), head)).toEqual([]);
    const strict = { ...readParameters({ score_threshold: 0.8 }, head), k: 2 };
    expect(renderSignature("label", head, logits(0, -1, 2), strict)).toEqual(["fish"]);
  });

  test("compares with the threshold as float32: 0.7 is at 0.7", () => {
    const head = { ...CLASSIFIER, activation: "none", isMultiLabel: true } as const;
    const parameters = readParameters({ score_threshold: 0.7 }, head);
    expect(renderSignature("class", head, logits(0.7, 0.69, 0.71), parameters)).toEqual([0, 2]);
  });

  test("gives the top k by each class's own score where several can be right", () => {
    const head = { ...CLASSIFIER, activation: "sigmoid", isMultiLabel: true } as const;
    expect(plain(render("top_k", logits(0, -1, 2), head, 2))).toEqual([
      { label: "fish", class: 2, score: [0.880797] },
      { label: "cat", class: 0, score: [0.5] },
    ]);
  });

  test("gives the top k, best first, each score a float32", () => {
    const answer = render("top_k", logits(1, 3, 2), CLASSIFIER, 2);
    expect(plain(answer)).toEqual([
      { label: "dog", class: 1, score: [sixDigits(SCORES[1])] },
      { label: "fish", class: 2, score: [sixDigits(SCORES[2])] },
    ]);
    expect(answer).toHaveProperty("0.score.dtype", "float32");
    expect(answer).toHaveProperty("0.score.shape", []);
  });

  test("gives as many of the top k as there are classes", () => {
    expect(render("top_k", logits(1, 3, 2), CLASSIFIER, 5)).toHaveLength(3);
  });

  test("gives the smaller class first of equal scores", () => {
    const classes = (plain(render("top_k", logits(1, 1, 1))) as { class: number }[]).map(
      (entry) => entry.class,
    );
    expect(classes).toEqual([0, 1, 2]);
  });

  test("decodes logits of float16", () => {
    const half = { outputs: { logits: tensor("float16", [3], [1, 3, 2]) } };
    expect(plain(render("scores", half))).toEqual(SCORES.map(sixDigits));
  });

  test("reads the output that the head names", () => {
    const result = { outputs: { other: tensor("float32", [3], [9, 0, 0]), ...logits(1, 3, 2).outputs } };
    expect(render("class", result)).toBe(1);
  });

  test("gives a segmentation's classes at the size of its output", () => {
    const result = { outputs: { logits: tensor("float32", [2, 1, 3], [1, 0, 1, 0, 1, 0]) } };
    expect(render("class", result, SEGMENTATION)).toEqual(tensor("uint8", [1, 3], [0, 1, 0]));
  });

  test.each([
    ["logits: above 0", "sigmoid", [0, 1, 1]],
    ["probabilities: above 0.5", "none", [0, 0, 1]],
  ] as const)(
    "tells foreground from background where there is a single class, %s",
    (_, activation, expected) => {
      const result = { outputs: { logits: tensor("float32", [1, 1, 3], [-1, 0.4, 0.6]) } };
      const head = { ...SEGMENTATION, classes: 1, activation };
      expect(render("class", result, head)).toEqual(tensor("uint8", [1, 3], [...expected]));
    },
  );

  test("gives a mask at the size of the source", () => {
    const origin = {
      source: { height: 2, width: 4 },
      resized: { height: 1, width: 2 },
      top: 0,
      left: 0,
      row: { height: 1, width: 2 },
    };
    const result = { outputs: { logits: tensor("float32", [2, 1, 2], [1, 0, 0, 1]) }, origin };
    expect(render("mask", result, SEGMENTATION)).toEqual(tensor("uint8", [2, 4], [0, 0, 1, 1, 0, 0, 1, 1]));
  });

  test.each([
    [2, "uint8", [0, 1]],
    [300, "uint16", [0, 0, 1, 0]],
  ] as const)("gives the bytes of a mask of %d classes as base64, %s", (classes, dtype, bytes) => {
    const origin = {
      source: { height: 1, width: 2 },
      resized: { height: 1, width: 2 },
      top: 0,
      left: 0,
      row: { height: 1, width: 2 },
    };
    const scores = Array.from({ length: classes * 2 }, (_, i) => (i === 0 || i === 3 ? 1 : 0));
    const result = { outputs: { logits: tensor("float32", [classes, 1, 2], scores) }, origin };
    expect(render("base64_prediction", result, { ...SEGMENTATION, classes })).toEqual({
      base64_prediction: Buffer.from(bytes).toString("base64"),
      shape: [1, 2],
      dtype,
    });
  });

  test.each(["class", "mask"] as const)("gives the classes that the model chose, as %s", (name) => {
    const size = { height: 1, width: 2 };
    const result = {
      outputs: { logits: tensor("int64", [1, 2], [4, 7]) },
      origin: { source: size, resized: size, top: 0, left: 0, row: size },
    };
    const head = { ...SEGMENTATION, isClassMap: true, classes: 255 };
    expect(render(name, result, head)).toEqual(tensor("uint8", [1, 2], [4, 7]));
  });

  test("gives a detector's finds in the source image, best first, by the labels from the first one on", () => {
    const head: Head = {
      task: "detection",
      outputs: { form: "tensorflow", boxes: "boxes", scores: "scores", classes: "classes", count: "count" },
      labels: ["cat", "dog"],
      firstLabel: 1,
    };
    const origin = {
      source: { height: 100, width: 300 },
      resized: { height: 10, width: 30 },
      top: 0,
      left: 10,
      row: { height: 10, width: 10 },
    };
    const outputs = {
      boxes: tensor("float32", [2, 4], [0, 0, 0.5, 0.5, 0.5, 0.5, 1, 1]),
      scores: tensor("float32", [2], [0.5, 0.75]),
      classes: tensor("float32", [2], [1, 2]),
      count: tensor("float32", [], [2]),
    };
    expect(plain(render("boxes", { outputs, origin }, head))).toEqual([
      { label: "dog", class: 2, score: [0.75], box: [150, 50, 200, 100] },
      { label: "cat", class: 1, score: [0.5], box: [100, 0, 150, 50] },
    ]);
    expect(plain(render("detection", { outputs, origin }, head))).toEqual({
      num_detections: 2,
      detection_boxes: [0.5, 0.5, 1, 0.666667, 0, 0.333333, 0.5, 0.5],
      detection_scores: [0.75, 0.5],
      detection_classes: [2, 1],
    });
    expect(() => render("boxes", { outputs }, head)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  test.each(["mask", "mask_png", "base64_prediction"] as const)(
    "refuses %s with INVALID_ARGUMENT when the instance was no image",
    (name) => {
      const result = { outputs: { logits: tensor("float32", [2, 1, 1], [1, 0]) } };
      expect(() => render(name, result, SEGMENTATION)).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }),
      );
    },
  );

  test.each<[string, RenderedSignature, Head, RowResult]>([
    ["a signature of another task", "mask", CLASSIFIER, logits(1)],
    ["any signature of plain tensors", "class", { task: "generic" }, logits(1)],
    ["an output that is not there", "class", CLASSIFIER, { outputs: {} }],
    ["a segmentation of another rank", "class", SEGMENTATION, logits(1, 2)],
  ])("throws INTERNAL for %s", (_, name, head, result) => {
    expect(() => render(name, result, head)).toThrow(INTERNAL);
  });
});

describe("isHeavy", () => {
  test.each([
    ["a thousand classes", [1000], false],
    ["fifty thousand elements", [50_000], false],
    ["a map of classes", [21, 64, 64], true],
  ])("tells %s", (_, shape, heavy) => {
    const output = { dtype: "float32", shape, data: new Float32Array(0) } as const;
    const outputs = { small: tensor("float32", [], [1]), output };
    expect(isHeavy("class", SEGMENTATION, { outputs })).toBe(heavy);
  });

  test.each([
    ["class", false],
    ["mask", true],
    ["mask_png", true],
    ["base64_prediction", true],
  ] as const)("counts the pixels of a large photo for %s: %s", (name, heavy) => {
    const size = { height: 1000, width: 1000 };
    const origin = { source: size, resized: size, top: 0, left: 0, row: size };
    const outputs = { logits: tensor("float32", [2, 1, 1], [1, 0]) };
    expect(isHeavy(name, SEGMENTATION, { outputs, origin })).toBe(heavy);
  });
});
