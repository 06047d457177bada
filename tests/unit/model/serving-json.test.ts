import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readServingJson } from "../../../src/model/serving-json.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { refusal } from "../../support/onnx/refusal.ts";

/** Reads a folder whose serving.json has this content. */
function values(content: object | string, files: Readonly<Record<string, string>> = {}) {
  return readServingJson(temporaryModelFolder({ ...files, "serving.json": content }))?.values;
}

function refused(content: object | string): string {
  const folder = temporaryModelFolder({ "serving.json": content });
  return refusal(folder, () => readServingJson(folder));
}

const exact = (height: number, width: number) => ({ height, width });

describe("readServingJson", () => {
  test("returns undefined when there is none", () => {
    expect(readServingJson(temporaryModelFolder({}))).toBeUndefined();
  });

  test("says nothing where the file says nothing", () => {
    expect(values({})).toEqual({});
    expect(values({ preprocess: {} })).toEqual({});
  });

  test("reads every key", () => {
    const folder = temporaryModelFolder({
      "serving.json": {
        task: "classification",
        output: "logits",
        labels: ["cat", "dog"],
        activation: "sigmoid",
        multi_label: false,
        detector: "detr",
        first_label: 1,
        parameters: { k: 3, score_threshold: 0.3, iou_threshold: 0.6, max_detections: 10 },
        preprocess: {
          color: "BGR",
          resize: { shortest_edge: 256, longest_edge: 512, filter: "lanczos" },
          center_crop: exact(224, 192),
          crop_rounding: "half_even",
          crop_fill: [1, 2, 3],
          pad_to: exact(256, 256),
          rescale_factor: 0.5,
          rescale_offset: -1,
          mean: [1, 2, 3],
          std: [4, 5, 6],
        },
      },
    });
    expect(readServingJson(folder)).toEqual({
      origin: "serving.json",
      values: {
        task: "classification",
        output: "logits",
        labels: ["cat", "dog"],
        activation: "sigmoid",
        multiLabel: false,
        detector: "detr",
        firstLabel: 1,
        parameters: { k: 3, scoreThreshold: 0.3, iouThreshold: 0.6, maxDetections: 10 },
        color: "BGR",
        resize: { kind: "shortest_edge", edgePixels: 256, maxEdgePixels: 512, filter: "lanczos" },
        centerCrop: { height: 224, width: 192 },
        cropRounding: "half_even",
        cropFill: [1, 2, 3],
        padTo: { height: 256, width: 256 },
        rescaleFactor: 0.5,
        rescaleOffset: -1,
        mean: [1, 2, 3],
        std: [4, 5, 6],
      },
    });
  });

  test("reads a recipe of many bands", () => {
    const mean = Array.from({ length: 512 }, (_, band) => band);
    expect(values({ preprocess: { color: "bands", mean } })).toEqual({ color: "bands", mean });
  });

  test.each([
    ["false", false, false],
    ["a size", exact(8, 9), { kind: "exact", size: { height: 8, width: 9 }, filter: "bilinear" }],
    [
      "a size and a filter",
      { ...exact(8, 9), filter: "box" },
      { kind: "exact", size: exact(8, 9), filter: "box" },
    ],
    ["a shorter edge", { shortest_edge: 8 }, { kind: "shortest_edge", edgePixels: 8, filter: "bilinear" }],
    [
      "a letterbox",
      { ...exact(8, 9), method: "letterbox" },
      { kind: "letterbox", size: exact(8, 9), filter: "bilinear", fill: 114 },
    ],
    [
      "a letterbox to a stride, with OpenCV's filter",
      { ...exact(8, 9), method: "letterbox", stride: 4, fill: 0, filter: "cv2_linear" },
      { kind: "letterbox", size: exact(8, 9), filter: "cv2_linear", fill: 0, stride: 4 },
    ],
    [
      "fastai's pad",
      { ...exact(8, 9), method: "pad", pad_mode: "border" },
      { kind: "pad", size: exact(8, 9), filter: "bilinear", padMode: "border" },
    ],
    [
      "fastai's crop",
      { ...exact(8, 9), method: "crop" },
      { kind: "crop", size: exact(8, 9), filter: "bilinear" },
    ],
    ["a longer edge", { longest_edge: 8 }, { kind: "longest_edge", edgePixels: 8, filter: "bilinear" }],
    [
      "a size to fit into",
      { max_height: 8, max_width: 9, filter: "box" },
      { kind: "fit", size: exact(8, 9), filter: "box" },
    ],
  ])("reads a resize that is %s", (_, resize, expected) => {
    expect(values({ preprocess: { resize } })).toEqual({ resize: expected });
  });

  test.each([
    [false, false],
    [exact(8, 9), exact(8, 9)],
    [{ multiple_of: 32 }, { multipleOf: 32, method: "zeros" }],
    [
      { multiple_of: 8, method: "mirror" },
      { multipleOf: 8, method: "mirror" },
    ],
  ])("reads a padding to %j", (stated, padTo) => {
    expect(values({ preprocess: { pad_to: stated } })).toEqual({ padTo });
  });

  test.each([
    ["fill", 9, "letterbox"],
    ["stride", 32, "letterbox"],
    ["pad_mode", "zeros", "pad"],
  ])("refuses %s with another method", (key, value, method) => {
    expect(refused({ preprocess: { resize: { ...exact(8, 8), [key]: value } } })).toBe(
      `serving.json: preprocess.resize.${key} is for method ${method}, not squish`,
    );
  });

  test("reads a crop turned off", () => {
    expect(values({ preprocess: { center_crop: false } })).toEqual({ centerCrop: false });
  });

  test.each(["names.txt", "./names.txt", "lists/names.txt", "lists/../names.txt", "..names.txt"])(
    "reads labels from the file %s",
    (labels) => {
      const folder = temporaryModelFolder({ "serving.json": { labels } });
      mkdirSync(join(folder, "lists"));
      writeFileSync(join(folder, labels), "cat\ndog\n");
      expect(readServingJson(folder)?.values.labels).toEqual(["cat", "dog"]);
    },
  );

  test.each([
    ["../names.txt", "serving.json: labels: ../names.txt is outside the model's folder"],
    ["a/../../names.txt", "serving.json: labels: a/../../names.txt is outside the model's folder"],
    ["gone.txt", "serving.json: labels: gone.txt does not exist"],
    ["/etc/passwd", "serving.json: labels: /etc/passwd does not exist"],
    [".", "serving.json: labels: . is outside the model's folder"],
    ["lists", "serving.json: labels: lists does not exist"],
  ])("refuses labels in the file %s", (labels, line) => {
    expect(refused({ labels })).toBe(line);
  });

  test.each<[string, object, string]>([
    ["a key", { taks: "classification" }, "taks"],
    ["a key of preprocess", { preprocess: { centre_crop: false } }, "preprocess.centre_crop"],
    [
      "a key of an exact resize",
      { preprocess: { resize: { ...exact(8, 8), antialias: true } } },
      "preprocess.resize.antialias",
    ],
    [
      "a key of a resize by its edge",
      { preprocess: { resize: { shortest_edge: 8, max: 9 } } },
      "preprocess.resize.max",
    ],
    [
      "a key of the crop",
      { preprocess: { center_crop: { ...exact(8, 8), top: 1 } } },
      "preprocess.center_crop.top",
    ],
  ])("refuses %s that it does not know, by name", (_, content, key) => {
    expect(refused(content)).toBe(
      `serving.json: unknown key "${key}"; see docs/serving-json.md for the keys`,
    );
  });

  test.each<[string, object, string]>([
    ["an unknown task", { task: "captioning" }, "task"],
    ["an unknown detector", { detector: "ssd" }, "detector"],
    ["a first label of two", { first_label: 2 }, "first_label"],
    ["no entries", { parameters: { k: 0 } }, "parameters.k"],
    ["a score above one", { parameters: { score_threshold: 1.1 } }, "parameters.score_threshold"],
    ["an overlap below zero", { parameters: { iou_threshold: -1 } }, "parameters.iou_threshold"],
    ["a fraction of detections", { parameters: { max_detections: 1.5 } }, "parameters.max_detections"],
    ["an unknown activation", { activation: "relu" }, "activation"],
    ["a number for the output", { output: 1 }, "output"],
    ["no labels at all", { labels: [] }, "labels"],
    ["a number among the labels", { labels: ["cat", 1] }, "labels.1"],
    ["an unknown colour", { preprocess: { color: "CMYK" } }, "preprocess.color"],
    [
      "an unknown filter",
      { preprocess: { resize: { ...exact(8, 8), filter: "cubic" } } },
      "preprocess.resize.filter",
    ],
    [
      "an unknown filter by the edge",
      { preprocess: { resize: { shortest_edge: 8, filter: 3 } } },
      "preprocess.resize.filter",
    ],
    ["a height without a width", { preprocess: { resize: { height: 8 } } }, "preprocess.resize.width"],
    ["a height of zero", { preprocess: { resize: exact(0, 8) } }, "preprocess.resize.height"],
    [
      "a fraction of a pixel",
      { preprocess: { resize: { shortest_edge: 8.5 } } },
      "preprocess.resize.shortest_edge",
    ],
    ["a resize of true", { preprocess: { resize: true } }, "preprocess.resize"],
    ["a number for the crop", { preprocess: { center_crop: 224 } }, "preprocess.center_crop"],
    ["an unknown rounding of the crop", { preprocess: { crop_rounding: "up" } }, "preprocess.crop_rounding"],
    ["a crop's fill past 255", { preprocess: { crop_fill: [256] } }, "preprocess.crop_fill.0"],
    [
      "padding by an unknown method",
      { preprocess: { pad_to: { multiple_of: 8, method: "wrap" } } },
      "preprocess.pad_to.method",
    ],
    [
      "padding to a multiple of 1",
      { preprocess: { pad_to: { multiple_of: 1 } } },
      "preprocess.pad_to.multiple_of",
    ],
    ["a huge crop", { preprocess: { center_crop: exact(70_000, 8) } }, "preprocess.center_crop.height"],
    ["more means than bands", { preprocess: { mean: new Array(513).fill(0) } }, "preprocess.mean"],
    ["one mean that is no list", { preprocess: { mean: 0.5 } }, "preprocess.mean"],
    ["text for a mean", { preprocess: { mean: ["0.5"] } }, "preprocess.mean.0"],
    ["no deviation", { preprocess: { std: [] } }, "preprocess.std"],
    ["null", { preprocess: { rescale_factor: null } }, "preprocess.rescale_factor"],
  ])("refuses %s, naming the key", (_, content, key) => {
    const line = refused(content);
    expect(line.slice(0, line.indexOf(":", "serving.json:".length))).toBe(`serving.json: ${key}`);
  });

  test("refuses a number past a double, naming the key", () => {
    expect(refused('{"preprocess": {"std": [1e999]}}')).toMatch(/^serving\.json: preprocess\.std\.0: /);
  });

  test.each([
    ["higher", exact(9, 8)],
    ["wider", exact(8, 9)],
  ])("refuses a crop %s than the exact size before it", (_, crop) => {
    expect(refused({ preprocess: { resize: exact(8, 8), center_crop: crop } })).toBe(
      `serving.json: preprocess.center_crop ${crop.height}x${crop.width} is larger than preprocess.resize 8x8`,
    );
  });

  test("accepts a crop as large as the size before it, and any after an edge", () => {
    expect(values({ preprocess: { resize: exact(8, 8), center_crop: exact(8, 8) } })).toBeDefined();
    expect(values({ preprocess: { resize: { shortest_edge: 8 }, center_crop: exact(9, 9) } })).toBeDefined();
  });

  test.each([
    ["cut off", '{"task": '],
    ["broken on a later line", '{\n  "task": "classification",\n  "output": }\n'],
    ["with a comment", '{\n  // the task\n  "task": "generic"\n}'],
    ["empty", ""],
    ["an HTML page", "<!doctype html>\n<html>\n"],
  ])("refuses a file that is %s, on one line", (_, text) => {
    expect(refused(text)).toMatch(/^serving\.json is not valid JSON: .+$/);
  });

  test.each(["[]", "null", "7"])("refuses %s for an object", (text) => {
    expect(refused(text)).toMatch(/^serving\.json: .+$/);
  });
});
