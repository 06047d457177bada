import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { DIGIT_NAMES } from "../support/digits.ts";
import { temporaryModelFolder } from "../support/model-folder.ts";
import {
  channelsLast,
  classifier,
  float16Image,
  segmentation,
  staticBatchOne,
  uint8Image,
} from "../support/onnx/image-models.ts";
import { node, value, writeModel } from "../support/onnx/model-writer.ts";
import { externalData } from "../support/onnx/odd-models.ts";
import {
  halfPlusTwo,
  identity,
  nanOutput,
  noBatchAxis,
  scalarOutput,
  severalOutputs,
} from "../support/onnx/tensor-models.ts";
import { constant, tensor } from "../support/onnx/tensor-proto.ts";
import { DIGITS_DIR } from "../support/start-server.ts";
import { golden, load, served } from "./load-folder.ts";

const NORMALISED = { mean: [0.5], std: [0.5] };
const NO_GOLDEN = "no golden pair: the preprocessing is not proven";

describe("loadServable", () => {
  test("serves the repository's digits, which their golden pair proves", async () => {
    const { servable, session } = await load(DIGITS_DIR);
    onTestFinished(() => session.close());
    expect(servable).toMatchObject({
      name: "model",
      version: 1,
      file: "model.onnx",
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      head: { task: "classification", classes: 10, labels: DIGIT_NAMES, activation: "softmax" },
      batching: { kind: "rows" },
      golden: { passed: true },
      warnings: [],
      origins: { mean: "preprocessor_config.json", labels: "config.json", task: "the output's shape" },
    });
    expect(servable.golden?.largestDifference).toBeLessThanOrEqual(1e-4);
    expect(servable.maxBatchSize).toBeGreaterThanOrEqual(1);
    expect(servable.batchTimings[0]).toMatchObject({ batchSize: 1, runMs: expect.any(Number) });
  });

  test("warns of a golden pair for a model that takes no images", async () => {
    const files = { "model.onnx": halfPlusTwo(), ...golden({ y: { shape: [1], data: [2] } }) };
    const servable = await served(files);
    expect(servable).not.toHaveProperty("golden");
    expect(servable.warnings).toEqual(["the golden pair is not used: the model takes no images"]);
  });

  test("takes a DEFAULT_SIGNATURE that is offered", async () => {
    await expect(served({ "model.onnx": classifier() }, "--default-signature=top_k")).resolves.toBeDefined();
  });

  test("warns that nothing says how pixels are normalised, and that nothing proves it", async () => {
    const { warnings, preprocess, origins } = await served({ "model.onnx": classifier() });
    expect(warnings).toEqual([
      expect.stringMatching(/^no normalisation found: /),
      "no labels found: classes have numbers only",
      NO_GOLDEN,
    ]);
    expect(preprocess).toMatchObject({ rescaleFactor: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] });
    expect(origins).toMatchObject({ mean: "default", resize: "the graph's input shape" });
  });

  test("takes each value from the first file that states it", async () => {
    const { preprocess, origins, head } = await served({
      "model.onnx": classifier(),
      "serving.json": { preprocess: { mean: [0.1] } },
      "preprocessor_config.json": { image_mean: [0.2, 0.2, 0.2], image_std: [0.3, 0.3, 0.3], resample: 3 },
      "config.json": { id2label: { "0": "red", "1": "green", "2": "blue" } },
      "labels.txt": "r\ng\nb\n",
    });
    expect(preprocess).toMatchObject({ mean: [0.1, 0.1, 0.1], std: [0.3, 0.3, 0.3] });
    expect(head).toMatchObject({ labels: ["red", "green", "blue"] });
    expect(origins).toMatchObject({
      mean: "serving.json",
      std: "preprocessor_config.json",
      labels: "config.json",
    });
  });

  test("serves Triton's layout: a version folder, and labels beside it", async () => {
    const { file, version, head, origins, warnings } = await served({
      "1/model.onnx": classifier(),
      "config.pbtxt": 'max_batch_size: 8 output { name: "logits" label_filename: "names.txt" }',
      "names.txt": "red\ngreen\nblue\n",
    });
    expect({ file, version, head }).toMatchObject({
      file: "model.onnx",
      version: 1,
      head: { output: "logits", labels: ["red", "green", "blue"] },
    });
    expect(origins.labels).toBe("config.pbtxt");
    expect(warnings).toContainEqual(expect.stringMatching(/^config\.pbtxt: only label_filename is read/));
  });

  test("serves timm's folder, whose config.json has Hugging Face's name", async () => {
    const { preprocess, origins, head } = await served({
      "model.onnx": classifier(),
      "config.json": {
        num_classes: 3,
        label_names: ["red", "green", "blue"],
        pretrained_cfg: { input_size: [3, 8, 8], crop_pct: 0.5, mean: [0.1, 0.2, 0.3], std: [1, 1, 1] },
      },
    });
    expect(preprocess).toMatchObject({
      resize: { kind: "shortest_edge", edgePixels: 16, filter: "bicubic" },
      centerCrop: { height: 8, width: 8 },
      cropRounding: "half_even",
      mean: [0.1, 0.2, 0.3],
    });
    expect(head).toMatchObject({ labels: ["red", "green", "blue"] });
    expect(origins.labels).toBe("config.json (timm)");
  });

  test("serves a segmentation model", async () => {
    const { head, batching, warnings } = await served({
      "model.onnx": segmentation({ classes: 4 }),
      "serving.json": { preprocess: NORMALISED, labels: ["r", "g", "b", "black"] },
    });
    expect(head).toMatchObject({ task: "segmentation", output: "scores", classes: 4 });
    expect(batching).toEqual({ kind: "rows" });
    expect(warnings).toEqual([NO_GOLDEN]);
  });

  test("serves a model with a fixed batch size, in batches of that", async () => {
    const { batching, maxBatchSize, batchTimings } = await served({ "model.onnx": staticBatchOne() });
    expect(batching).toEqual({ kind: "rows", fixedBatchSize: 1 });
    expect(maxBatchSize).toBe(1);
    expect(batchTimings).toHaveLength(1);
  });

  test.each([
    ["channels last", channelsLast(), { layout: "HWC", dtype: "float32" }],
    ["float16", float16Image(), { layout: "CHW", dtype: "float16" }],
    ["uint8, which needs no normalisation", uint8Image(), { layout: "CHW", dtype: "uint8" }],
    ["an open size", classifier({ height: "h", width: "w" }), { layout: "CHW", dtype: "float32" }],
  ])("serves pictures of %s", async (_, model, spec) => {
    const files = { "model.onnx": model, "serving.json": { preprocess: NORMALISED } };
    const { preprocess, head, modelInputs } = await served(files);
    expect(preprocess).toMatchObject(spec);
    expect(head).toMatchObject({ task: "classification", classes: 3 });
    expect(modelInputs).toMatchObject({ imageInput: "image", batching: "rows" });
  });

  test.each([
    ["half plus two", halfPlusTwo(), { kind: "rows" }],
    ["several outputs", severalOutputs(), { kind: "rows" }],
    ["text", identity("string"), { kind: "rows" }],
    ["NaN", nanOutput(), { kind: "rows" }],
    ["a fixed table", noBatchAxis(), { kind: "whole" }],
    ["an output without a batch axis", scalarOutput(), { kind: "whole" }],
  ])("serves plain tensors: %s", async (_, model, batching) => {
    const servable = await served({ "model.onnx": model });
    expect(servable).toMatchObject({ head: { task: "generic" }, batching, warnings: [] });
    expect(servable).not.toHaveProperty("preprocess");
    expect(servable.modelInputs).not.toHaveProperty("imageInput");
  });

  test("serves a model of plain tensors that can't run on made-up input", async () => {
    // It looks a number up in an empty table: every index is out of range.
    const model = writeModel({
      inputs: [value("index", "int64", ["N"])],
      outputs: [value("word", "float32", ["N"])],
      initializers: [constant("table", "float32", [1], [1]), constant("one", "int64", [], [1])],
      nodes: [node("Add", ["index", "one"], ["next"]), node("Gather", ["table", "next"], ["word"])],
    });
    expect(await served({ "model.onnx": model })).toMatchObject({
      head: { task: "generic" },
      batching: { kind: "rows" },
      maxBatchSize: 1,
      batchTimings: [],
    });
  });

  test("feeds one instance at a time to pictures whose outputs do not follow the batch", async () => {
    const model = writeModel({
      inputs: [value("image", "float32", ["N", 3, 8, 8])],
      outputs: [value("mean", "float32", [1, 3])],
      nodes: [
        node("ReduceMean", ["image"], ["mean3"], { axes: [0, 2, 3], keepdims: 0 }),
        node("Unsqueeze", ["mean3", "axis"], ["mean"]),
      ],
      initializers: [constant("axis", "int64", [1], [0])],
    });
    const { batching, maxBatchSize, head } = await served({ "model.onnx": model });
    expect(batching).toEqual({ kind: "whole" });
    expect(maxBatchSize).toBe(1);
    expect(head).toMatchObject({ task: "classification", classes: 3 });
  });

  test("keeps to MAX_BATCH_SIZE", async () => {
    const { maxBatchSize, batchTimings } = await served({ "model.onnx": classifier() }, "--max-batch-size=3");
    expect(maxBatchSize).toBe(3);
    expect(batchTimings.map(({ batchSize }) => batchSize)).toEqual([1, 2, 3]);
  });

  test("serves the highest version folder, with the descriptions in it", async () => {
    const servable = await served({
      "labels.txt": "not\nthese\n",
      "1/model.onnx": halfPlusTwo(),
      "12/onnx/model.onnx": classifier(),
      "12/labels.txt": "red\ngreen\nblue\n",
    });
    expect(servable).toMatchObject({
      version: 12,
      file: "onnx/model.onnx",
      head: { labels: ["red", "green", "blue"] },
    });
  });

  test("serves weights in a file beside the model", async () => {
    const folder = temporaryModelFolder({ "model.onnx": externalData("model.onnx.data") });
    writeFileSync(join(folder, "model.onnx.data"), new Uint8Array(Float32Array.of(1, 2).buffer));
    const { servable, session } = await load(folder);
    onTestFinished(() => session.close());
    const { rows } = await session.run({ kind: "whole", feeds: { x: tensor("float32", [1, 2], [10, 10]) } });
    expect(rows).toEqual([{ outputs: { y: tensor("float32", [1, 2], [11, 12]) } }]);
    expect(servable.file).toBe("model.onnx");
  });
});
