import { describe, expect, test } from "vitest";
import { mergeRecipes } from "../../../src/model/recipe.ts";
import { readTimmConfig } from "../../../src/model/timm-config.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { refusal } from "../../support/onnx/refusal.ts";

/** `resnet50.a1_in1k` as its repository has it. */
const RESNET = {
  architecture: "resnet50",
  num_classes: 3,
  num_features: 2048,
  pretrained_cfg: {
    tag: "a1_in1k",
    custom_load: false,
    input_size: [3, 224, 224],
    test_input_size: [3, 288, 288],
    fixed_input_size: false,
    interpolation: "bicubic",
    crop_pct: 0.95,
    test_crop_pct: 1.0,
    crop_mode: "center",
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    num_classes: 3,
    pool_size: [7, 7],
    first_conv: "conv1",
    classifier: "fc",
  },
};

const pretrained = (changes: object) => ({
  ...RESNET,
  pretrained_cfg: { ...RESNET.pretrained_cfg, ...changes },
});

const folderOf = (content: object) => temporaryModelFolder({ "config.json": content });
const read = (content: object, edge?: number) =>
  readTimmConfig(folderOf(content), {
    graphSize: edge === undefined ? undefined : { height: edge, width: edge },
  })?.values;

function refused(content: object): string {
  const folder = folderOf(content);
  return refusal(folder, () => mergeRecipes([readTimmConfig(folder) ?? { origin: "", values: {} }]));
}

const shortest = (edgePixels: number) => ({ kind: "shortest_edge", edgePixels, filter: "bicubic" });

describe("readTimmConfig", () => {
  test("returns undefined when there is none, and for Hugging Face's file of the same name", () => {
    expect(readTimmConfig(temporaryModelFolder({}))).toBeUndefined();
    expect(read({ architectures: ["ViTForImageClassification"], id2label: { "0": "cat" } })).toBeUndefined();
    expect(read({ pretrained_cfg: null })).toBeUndefined();
  });

  test("reads the file of a model of timm's", () => {
    expect(readTimmConfig(folderOf(RESNET))).toEqual({
      origin: "config.json (timm)",
      values: {
        color: "RGB",
        resize: shortest(235),
        centerCrop: { height: 224, width: 224 },
        cropRounding: "half_even",
        rescaleFactor: 1 / 255,
        rescaleOffset: 0,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
        task: "classification",
      },
    });
  });

  test("takes the test size and crop where the graph has that size", () => {
    expect(read(RESNET, 288)).toMatchObject({
      resize: shortest(288),
      centerCrop: { height: 288, width: 288 },
    });
    expect(read(RESNET, 224)).toMatchObject({ resize: shortest(235) });
    expect(read(pretrained({ test_crop_pct: null }), 288)).toMatchObject({ resize: shortest(303) });
  });

  test.each([
    [224, 0.875, 256],
    [224, 0.9, 248],
    [224, 0.96, 233],
    [240, 0.882, 272],
    [299, 0.875, 341],
    [384, 1, 384],
  ])("resizes for a crop of %i at %f to %i", (edge, share, resized) => {
    const stated = pretrained({ input_size: [3, edge, edge], crop_pct: share });
    expect(read(stated)).toMatchObject({ resize: shortest(resized) });
  });

  test("squashes, then crops", () => {
    const stated = pretrained({ crop_mode: "squash", crop_pct: 0.875, input_size: [3, 224, 448] });
    expect(read(stated)).toMatchObject({
      resize: { kind: "exact", size: { height: 256, width: 512 }, filter: "bicubic" },
      centerCrop: { height: 224, width: 448 },
    });
  });

  test.each(["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"])(
    "knows the filter %s",
    (name) => {
      expect(read(pretrained({ interpolation: name }))).toMatchObject({ resize: { filter: name } });
    },
  );

  test("takes timm's defaults for what is missing", () => {
    expect(read({ pretrained_cfg: {} })).toMatchObject({
      resize: shortest(256),
      centerCrop: { height: 224, width: 224 },
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
  });

  test("takes a mean for each of six bands, and leaves their colour to the graph", () => {
    const numbers = { mean: [1, 2, 3, 4, 5, 6], std: [6, 5, 4, 3, 2, 1] };
    const values = read(pretrained({ input_size: [6, 224, 224], ...numbers }));
    expect(values).toMatchObject(numbers);
    expect(values).not.toHaveProperty("color");
  });

  test("takes one mean of ImageNet's three for one channel", () => {
    const values = read({ pretrained_cfg: { input_size: [1, 28, 28] } });
    expect(values).toMatchObject({ color: "L", mean: [expect.closeTo(0.449, 12)] });
    expect(values?.std).toEqual([expect.closeTo(0.226, 12)]);
  });

  test.each<[string, object, object]>([
    [
      "fits into a border of the mean's colour",
      { crop_mode: "border" },
      { kind: "fit", rounding: "half_even" },
    ],
    ["covers an input that is no square", { input_size: [3, 224, 448] }, { kind: "cover" }],
    ["crops past the image", { crop_pct: 1.5 }, { kind: "shortest_edge", edgePixels: 149 }],
    ["takes a share of 0 for none", { crop_pct: 0 }, { kind: "shortest_edge", edgePixels: 256 }],
  ])("%s", (_name, changes, resize) => {
    const values = read(pretrained(changes));
    expect(values).toMatchObject({ resize });
    expect(values?.cropFill).toEqual("crop_mode" in changes ? [124, 116, 104] : undefined);
  });

  test("reads an older file, which has the keys beside the architecture", () => {
    const { architecture, pretrained_cfg } = RESNET;
    expect(read({ architecture, ...pretrained_cfg, labels: ["a", "b", "c"] })).toEqual({
      ...read(RESNET),
      labels: ["a", "b", "c"],
    });
    expect(read({ architecture, num_classes: 3 })).toBeUndefined();
  });

  test("believes what the model was made with", () => {
    const fixed = { ...pretrained({ fixed_input_size: true }), model_args: { in_chans: 1, img_size: 96 } };
    expect(read(fixed)).toMatchObject({ color: "L", centerCrop: { height: 96, width: 96 } });
    const flexible = { ...RESNET, model_args: { img_size: [96, 64] } };
    expect(read(flexible)).toMatchObject({ color: "RGB", centerCrop: { height: 224, width: 224 } });
  });

  test.each<[string, object, string[]]>([
    ["names", { label_names: ["a", "b", "c"] }, ["a", "b", "c"]],
    ["names by index", { label_names: { "2": "c", "0": "a", "1": "b" } }, ["a", "b", "c"]],
    [
      "descriptions, where a name has one",
      { label_names: ["n1", "n2", "n3"], label_descriptions: { n1: "tench", n3: "shark" } },
      ["tench", "n2", "shark"],
    ],
    ["descriptions alone", { label_descriptions: ["a", "b", "c"] }, ["a", "b", "c"]],
  ])("reads labels: %s", (_name, labels, expected) => {
    expect(read({ ...RESNET, ...labels })).toMatchObject({ labels: expected });
    expect(read(pretrained(labels))).toMatchObject({ labels: expected });
  });

  test.each([0, 1])("states no task for %i classes", (classes) => {
    expect(read({ ...RESNET, num_classes: classes })).not.toHaveProperty("task");
  });

  test.each<[string, object, RegExp]>([
    [
      "a random filter",
      pretrained({ interpolation: "random" }),
      /^config\.json: interpolation random is none/,
    ],
    [
      "a filter that is none",
      pretrained({ interpolation: "cubic" }),
      /^config\.json: pretrained_cfg\.interpolation: /,
    ],
    ["a share below 0", pretrained({ crop_pct: -1 }), /^config\.json: pretrained_cfg\.crop_pct: /],
    ["labels of another number", { ...RESNET, label_names: ["a"] }, /^config\.json: 1 label_names, .* 3$/],
  ])("refuses %s", (_name, content, message) => {
    expect(refused(content)).toMatch(message);
  });
});
