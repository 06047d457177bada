import { describe, expect, test } from "vitest";
import { readModelConfig, readPreprocessorConfig } from "../../../src/model/hugging-face.ts";
import { mergeRecipes } from "../../../src/model/recipe.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { refusal } from "../../support/onnx/refusal.ts";

/** Reads a folder whose preprocessor_config.json has this content. */
const preprocessor = (content: object) =>
  readPreprocessorConfig(temporaryModelFolder({ "preprocessor_config.json": content }))?.values;

const config = (content: object) => readModelConfig(temporaryModelFolder({ "config.json": content }))?.values;

function refused(content: object): string {
  const folder = temporaryModelFolder({ "preprocessor_config.json": content });
  return refusal(folder, () => mergeRecipes([readPreprocessorConfig(folder) ?? { origin: "", values: {} }]));
}

const SIZE = { height: 224, width: 192 };
const square = (edge: number) => ({ height: edge, width: edge });
const shortest = (edgePixels: number, filter = "bilinear") => ({ kind: "shortest_edge", edgePixels, filter });
const exact = (size: { height: number; width: number }) => ({ kind: "exact", size, filter: "bilinear" });

describe("readPreprocessorConfig", () => {
  test("returns undefined when there is none", () => {
    expect(readPreprocessorConfig(temporaryModelFolder({}))).toBeUndefined();
  });

  test("reads the file that ViT's exporter writes", () => {
    const folder = temporaryModelFolder({
      "preprocessor_config.json": {
        image_processor_type: "ViTImageProcessor",
        do_convert_rgb: null,
        do_normalize: true,
        do_rescale: true,
        do_resize: true,
        image_mean: [0.5, 0.5, 0.5],
        image_std: [0.25, 0.25, 0.25],
        resample: 2,
        rescale_factor: 0.00392156862745098,
        size: square(224),
      },
    });
    expect(readPreprocessorConfig(folder)).toEqual({
      origin: "preprocessor_config.json",
      values: {
        color: "RGB",
        resize: exact(square(224)),
        centerCrop: false,
        rescaleFactor: 1 / 255,
        rescaleOffset: 0,
        mean: [0.5, 0.5, 0.5],
        std: [0.25, 0.25, 0.25],
      },
    });
  });

  test("takes Hugging Face's defaults for an empty file, and leaves size and normalisation to others", () => {
    expect(preprocessor({})).toEqual({
      color: "RGB",
      centerCrop: false,
      rescaleFactor: 1 / 255,
      rescaleOffset: 0,
    });
  });

  test.each<[string, string, unknown, object]>([
    ["height and width", "ViTImageProcessor", SIZE, exact(SIZE)],
    ["a shorter edge", "CLIPImageProcessor", { shortest_edge: 224 }, shortest(224, "bicubic")],
    [
      "a shorter edge and a limit",
      "DetrImageProcessor",
      { shortest_edge: 800, longest_edge: 1333 },
      { ...shortest(800), maxEdgePixels: 1333, maxEdgeRounding: "half_even" },
    ],
    [
      "a shorter edge and a limit, in multiples",
      "MaskFormerImageProcessor",
      { shortest_edge: 384, longest_edge: 640 },
      { ...shortest(384), maxEdgePixels: 640, multipleOf: { pixels: 32, direction: "up" } },
    ],
    [
      "both edges in a list",
      "DPTFeatureExtractor",
      [192, 224],
      { ...exact({ height: 192, width: 224 }), filter: "bicubic" },
    ],
    [
      "a longer edge",
      "SamImageProcessor",
      { longest_edge: 1024 },
      { kind: "longest_edge", edgePixels: 1024, filter: "bilinear" },
    ],
    [
      "a size to fit into",
      "",
      { max_height: 800, max_width: 1333 },
      { kind: "fit", size: { height: 800, width: 1333 }, filter: "bilinear" },
    ],
    [
      "a shorter edge without a limit",
      "ViTImageProcessor",
      { shortest_edge: 224, longest_edge: null },
      shortest(224),
    ],
    ["a number: a square", "ViTFeatureExtractor", 224, exact(square(224))],
    ["a number: a square for a class that is not known", "", 224, exact(square(224))],
    ["a number: the shorter edge for CLIP", "CLIPFeatureExtractor", 224, shortest(224, "bicubic")],
    ["a number: the shorter edge for MobileNet", "MobileNetV2ImageProcessorFast", 256, shortest(256)],
    ["a number: the shorter edge for MobileViT", "MobileViTFeatureExtractor", 288, shortest(288)],
    [
      "a number: the longer edge for SAM",
      "SamImageProcessor",
      512,
      { kind: "longest_edge", edgePixels: 512, filter: "bilinear" },
    ],
    [
      "a number: DETR's shorter edge, and its limit",
      "DetrFeatureExtractor",
      600,
      { ...shortest(600), maxEdgePixels: 1333, maxEdgeRounding: "half_even" },
    ],
    ["a number: the shorter edge for BiT", "BitImageProcessor", 448, shortest(448, "bicubic")],
  ])("reads a size of %s", (_, type, size, resize) => {
    expect(preprocessor({ image_processor_type: type, size })?.resize).toEqual(resize);
  });

  test("reads the class from feature_extractor_type in old files", () => {
    expect(preprocessor({ feature_extractor_type: "CLIPFeatureExtractor", size: 224 })?.resize).toEqual(
      shortest(224, "bicubic"),
    );
  });

  test.each([
    [{ height: 224 }, "height"],
    [{ max_height: 800 }, "max_height"],
  ])("refuses a size of %j", (size, keys) => {
    expect(refused({ size })).toBe(
      `preprocessor_config.json: size with ${keys} is not served: give height and width, shortest_edge, longest_edge, or max_height and max_width`,
    );
  });

  test("feeds the image as it is when do_resize is off", () => {
    expect(preprocessor({ do_resize: false, size: SIZE })?.resize).toBe(false);
  });

  test.each([
    [0, "nearest"],
    [1, "lanczos"],
    [2, "bilinear"],
    [3, "bicubic"],
    [4, "box"],
    [5, "hamming"],
    [null, "bilinear"],
    [undefined, "bilinear"],
  ])("reads Pillow's filter number %s as %s", (resample, filter) => {
    expect(preprocessor({ size: SIZE, resample })?.resize).toEqual({ kind: "exact", size: SIZE, filter });
  });

  test.each([
    ["a number", 224, square(224)],
    ["height and width", SIZE, SIZE],
  ])("reads a crop_size that is %s", (_, cropSize, centerCrop) => {
    expect(preprocessor({ do_center_crop: true, crop_size: cropSize })?.centerCrop).toEqual(centerCrop);
  });

  test("does not crop unless do_center_crop says so", () => {
    expect(preprocessor({ crop_size: 224 })?.centerCrop).toBe(false);
    expect(preprocessor({ do_center_crop: false, crop_size: 224 })?.centerCrop).toBe(false);
  });

  test("refuses do_center_crop without crop_size", () => {
    expect(refused({ do_center_crop: true })).toBe(
      "preprocessor_config.json: do_center_crop without a crop_size of height and width",
    );
  });

  test.each([
    ["under 384, with its share", 224, 0.875, { ...shortest(256) }, square(224)],
    ["under 384, cut to whole pixels", 288, 0.95, { ...shortest(303) }, square(288)],
    ["under 384, with the usual share", 224, undefined, { ...shortest(256) }, square(224)],
    ["from 384 on, squashed", 384, 0.95, exact(square(384)), false],
  ])("sizes images for ConvNext as it does: %s", (_, edge, crop_pct, resize, centerCrop) => {
    for (const size of [edge, { shortest_edge: edge }]) {
      const values = preprocessor({ image_processor_type: "ConvNextImageProcessor", size, crop_pct });
      expect(values).toMatchObject({ resize, centerCrop });
    }
  });

  test.each(["LevitImageProcessor", "LevitImageProcessorFast", "LevitFeatureExtractor"])(
    "enlarges the shorter edge by 256/224 before the crop for %s, as it does",
    (image_processor_type) => {
      const values = preprocessor({
        image_processor_type,
        size: { shortest_edge: 224 },
        do_center_crop: true,
        crop_size: 224,
      });
      expect(values).toMatchObject({ resize: shortest(256, "bicubic"), centerCrop: square(224) });
    },
  );

  test("divides the shorter edge by crop_pct before the crop for PoolFormer, as it does", () => {
    const values = preprocessor({
      image_processor_type: "PoolFormerImageProcessor",
      size: { shortest_edge: 224 },
      crop_pct: 0.9,
      do_center_crop: true,
      crop_size: 224,
    });
    expect(values).toMatchObject({ resize: shortest(248, "bicubic"), centerCrop: square(224) });
  });

  test.each([
    ["the factor stated", { rescale_factor: 1 / 127.5 }, 1 / 127.5, 0],
    ["pixels as they are", { do_rescale: false, rescale_factor: 1 / 255 }, 1, 0],
    ["an offset of -1", { rescale_factor: 1 / 127.5, rescale_offset: true }, 1 / 127.5, -1],
    ["no offset", { rescale_offset: false }, 1 / 255, 0],
  ])("rescales: %s", (_, content, rescaleFactor, rescaleOffset) => {
    expect(preprocessor(content)).toMatchObject({ rescaleFactor, rescaleOffset });
  });

  test.each<[string, object, object]>([
    [
      "a number for each channel",
      { image_mean: [1, 2, 3], image_std: [4, 5, 6] },
      { mean: [1, 2, 3], std: [4, 5, 6] },
    ],
    ["the keys of old files", { mean: [1, 2, 3], std: 4 }, { mean: [1, 2, 3], std: [4] }],
    [
      "a number for each of six bands",
      { image_mean: [1, 2, 3, 4, 5, 6], image_std: 2 },
      { mean: [1, 2, 3, 4, 5, 6], std: [2] },
    ],
    ["one number for all", { image_mean: 0.5, image_std: 0.25 }, { mean: [0.5], std: [0.25] }],
    [
      "turned off",
      { do_normalize: false, image_mean: [1, 2, 3], image_std: [4, 5, 6] },
      { mean: [0], std: [1] },
    ],
  ])("normalises: %s", (_, content, expected) => {
    expect(preprocessor(content)).toMatchObject(expected);
  });

  test("leaves open what mean and deviation are where the file does not say", () => {
    expect(preprocessor({ do_normalize: true, image_mean: null })).not.toHaveProperty("mean");
    expect(preprocessor({ do_normalize: true })).not.toHaveProperty("std");
  });

  test("flips the channels when do_flip_channel_order says so", () => {
    expect(preprocessor({ do_flip_channel_order: true })?.color).toBe("BGR");
  });

  test("pads to pad_size, and one image by itself not at all without it", () => {
    expect(preprocessor({ do_pad: true, pad_size: square(1024) })?.padTo).toEqual(square(1024));
    expect(preprocessor({ do_pad: true })).not.toHaveProperty("padTo");
    expect(preprocessor({ do_pad: false, pad_size: square(1024) })).not.toHaveProperty("padTo");
  });

  test.each([
    ["", { pad_size: 96 }, square(96)],
    ["", { size_divisor: 32 }, { multipleOf: 32, method: "zeros" }],
    ["", { size_divisibility: 32 }, { multipleOf: 32, method: "zeros" }],
    ["DPTImageProcessor", { size_divisor: 14 }, { multipleOf: 14, method: "around" }],
    ["Swin2SRImageProcessor", { pad_size: 4 }, { multipleOf: 4, method: "mirror" }],
    ["Swin2SRImageProcessor", { size_divisor: 16 }, { multipleOf: 16, method: "mirror" }],
    ["ViltImageProcessor", { size_divisor: 16 }, undefined],
  ])("pads as %s does to %j", (image_processor_type, stated, padTo) => {
    expect(preprocessor({ image_processor_type, do_pad: true, ...stated })?.padTo).toEqual(padTo);
  });

  test("divides by the deviation once more for EfficientNet's include_top, as it does", () => {
    const content = { image_processor_type: "EfficientNetImageProcessor", image_std: [0.5, 0.25, 2] };
    expect(preprocessor(content)?.std).toEqual([0.25, 0.0625, 4]);
    expect(preprocessor({ ...content, do_normalize: false })).toMatchObject({
      mean: [0],
      std: [0.5, 0.25, 2],
    });
    expect(preprocessor({ ...content, include_top: false })?.std).toEqual([0.5, 0.25, 2]);
  });

  test("takes a flag that is null as off, and leaves other nulls to the class", () => {
    const content = {
      image_processor_type: "CLIPImageProcessorFast",
      do_center_crop: null,
      image_mean: null,
    };
    expect(preprocessor(content)).toMatchObject({
      centerCrop: false,
      mean: [0.48145466, 0.4578275, 0.40821073],
    });
  });

  test("limits ViLT's longer edge by its own share, and DETR's by max_size", () => {
    const vilt = { image_processor_type: "ViltImageProcessor", size: 384 };
    expect(preprocessor(vilt)?.resize).toMatchObject({ edgePixels: 384, maxEdgePixels: 639 });
    const detr = { feature_extractor_type: "DetrFeatureExtractor", size: 600, max_size: 1000 };
    expect(preprocessor(detr)?.resize).toMatchObject({ edgePixels: 600, maxEdgePixels: 1000 });
  });

  test("takes no crop from a class that is refused", () => {
    const content = { image_processor_type: "TvpImageProcessor", do_center_crop: true, crop_size: 8 };
    expect(preprocessor(content)).not.toHaveProperty("centerCrop");
  });

  describe("with a class that does what is not served", () => {
    const files = {
      "preprocessor_config.json": { image_processor_type: "DonutImageProcessor", image_mean: 0.25 },
    };

    test("refuses it in one line", () => {
      expect(refused(files["preprocessor_config.json"])).toBe(
        "preprocessor_config.json: DonutImageProcessor turns and shrinks an image and pads around it, which is not served: say in serving.json (preprocess.resize) what to do instead",
      );
    });

    test("takes the resize of serving.json, and the rest from the file", () => {
      const stated = { origin: "serving.json", values: { resize: false as const } };
      const source = readPreprocessorConfig(temporaryModelFolder(files)) ?? stated;
      expect(mergeRecipes([stated, source]).values).toMatchObject({ resize: false, mean: [0.25] });
    });
  });

  test.each([
    [{ image_processor_type: "NewImageProcessor" }, /New's processor is not known here: .* mean them;/],
    [{ image_processor_type: "NewImageProcessor", size: 224 }, /mean them, size 224 as a square;/],
    [{ size: 224 }, /no class is named: .* size 224 as a square;/],
    [{ size: SIZE }, undefined],
    [{ image_processor_type: "ViTImageProcessor", size: 224 }, undefined],
  ])("warns of a guess: %j", (content, text) => {
    const folder = temporaryModelFolder({ "preprocessor_config.json": content });
    const [warning] = readPreprocessorConfig(folder)?.warnings ?? [];
    if (text === undefined) expect(warning).toBeUndefined();
    else expect(warning).toEqual({ text: expect.stringMatching(text), unless: "resize" });
  });

  test.each([
    ["a filter that Pillow does not have", { resample: 6 }, "resample"],
    ["a filter by name", { resample: "bilinear" }, "resample"],
    ["a size of nothing", { size: { height: 0, width: 224 } }, "size.height"],
    ["a size as text", { size: "224" }, "size"],
    ["a crop_size as text", { crop_size: { height: "224", width: 224 } }, "crop_size.height"],
    ["a share of zero", { crop_pct: 0 }, "crop_pct"],
    ["text for a mean", { image_mean: ["0.5"] }, "image_mean.0"],
  ])("refuses %s, naming the key", (_, content, key) => {
    expect(refused(content)).toMatch(new RegExp(`^preprocessor_config\\.json: ${key}: .+$`));
  });

  test("refuses a file that is no JSON, on one line", () => {
    const folder = temporaryModelFolder({ "preprocessor_config.json": '{\n  "size": 224,\n}\n' });
    expect(refusal(folder, () => readPreprocessorConfig(folder))).toMatch(
      /^preprocessor_config\.json is not valid JSON: .+$/,
    );
  });
});

describe("readModelConfig", () => {
  test("returns undefined when there is none", () => {
    expect(readModelConfig(temporaryModelFolder({}))).toBeUndefined();
  });

  test("reads labels by their numbers, whatever their order", () => {
    const id2label = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [String(10 - i), `c${10 - i}`]));
    expect(config({ id2label })?.labels).toEqual(Array.from({ length: 11 }, (_, i) => `c${i}`));
  });

  test.each<[object, object]>([
    [{ problem_type: "multi_label_classification" }, { activation: "sigmoid", multiLabel: true }],
    [{ problem_type: "single_label_classification" }, { activation: "softmax" }],
    [{ problem_type: "regression" }, { task: "regression" }],
    [{ problem_type: "regression", architectures: ["ViTForImageClassification"] }, { task: "regression" }],
    [{ problem_type: null, id2label: null, architectures: null }, {}],
    [{ architectures: ["ResNetForImageClassification"] }, { task: "classification" }],
    [{ architectures: ["SegformerForSemanticSegmentation"] }, { task: "segmentation" }],
    [{ architectures: ["DetrForObjectDetection"] }, { task: "detection" }],
    [{ model_type: "resnet", image_size: 224, label2id: { cat: 0 } }, {}],
  ])("reads %j", (content, expected) => {
    expect(config(content)).toEqual(expected);
  });

  test.each<[object, string]>([
    [{ id2label: { "0": "a", "2": "b" } }, "config.json: 2 labels, but none for index 1"],
    [{ id2label: { "0": 7 } }, "config.json: id2label.0: "],
    [{ architectures: "ResNet" }, "config.json: architectures: "],
  ])("refuses %j", (content, line) => {
    const folder = temporaryModelFolder({ "config.json": content });
    expect(refusal(folder, () => readModelConfig(folder))).toContain(line);
  });
});
