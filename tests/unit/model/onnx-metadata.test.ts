import { describe, expect, test } from "vitest";
import type { Size } from "../../../src/image/raster.ts";
import { readOnnxMetadata } from "../../../src/model/onnx-metadata.ts";
import { mergeRecipes } from "../../../src/model/recipe.ts";
import { refusal } from "../../support/onnx/refusal.ts";

type Metadata = Readonly<Record<string, string>>;

const read = (metadata: Metadata, size?: Size) =>
  mergeRecipes(readOnnxMetadata({ path: "model.onnx", metadata }, size));
const refused = (metadata: Metadata) => refusal("", () => read(metadata));

/** What `yolo export model=yolo11n-cls.pt format=onnx` writes, its license and date left out. */
const CLASSIFY = {
  description: "Ultralytics YOLO11n-cls model trained on imagenet",
  author: "Ultralytics",
  version: "8.3.40",
  stride: "1",
  task: "classify",
  batch: "1",
  imgsz: "[224, 224]",
  names: `{0: 'tench', 1: "cock's comb", 2: 'shark'}`,
  args: "{'batch': 1, 'half': False}",
  channels: "3",
};

const UNIT = { rescaleFactor: 1 / 255, rescaleOffset: 0, mean: [0], std: [1] };

describe("readOnnxMetadata", () => {
  test("finds nothing in a file that follows no convention", () => {
    expect(read({ author: "me", task: "detect" })).toEqual({ values: {}, origins: {} });
    expect(read({ model_type: "resnet" })).toEqual({ values: {}, origins: {} });
  });

  test("reads an Ultralytics classifier", () => {
    expect(read(CLASSIFY)).toEqual({
      values: {
        ...UNIT,
        color: "RGB",
        labels: ["tench", "cock's comb", "shark"],
        task: "classification",
        activation: "none",
        resize: { kind: "shortest_edge", edgePixels: 224, filter: "bilinear" },
        centerCrop: { height: 224, width: 224 },
        cropRounding: "half_even",
      },
      origins: expect.objectContaining({ labels: "metadata of the ONNX file (Ultralytics)" }),
    });
  });

  test.each([
    ["640", 640],
    ["(640, 640)", 640],
  ])("reads imgsz %s", (imgsz, edgePixels) => {
    expect(read({ ...CLASSIFY, imgsz }).values.resize).toMatchObject({ kind: "shortest_edge", edgePixels });
  });

  test("stretches to an imgsz that is no square, as Ultralytics does", () => {
    expect(read({ ...CLASSIFY, imgsz: "[224, 320]" }).values.resize).toMatchObject({
      kind: "exact",
      size: { height: 224, width: 320 },
    });
  });

  describe("of an Ultralytics detector", () => {
    const DETECT = { ...CLASSIFY, task: "detect", imgsz: "[480, 640]", stride: "32", end2end: "False" };
    const LETTERBOX = { kind: "letterbox", fill: 114, filter: "cv2_linear" };

    test("takes the letterbox to the size that the graph fixes", () => {
      expect(read(DETECT, { height: 96, width: 128 })).toMatchObject({
        values: {
          ...UNIT,
          task: "detection",
          detector: "ultralytics",
          labels: ["tench", "cock's comb", "shark"],
          resize: { ...LETTERBOX, size: { height: 96, width: 128 } },
        },
      });
      expect(read(DETECT, { height: 96, width: 128 }).values.resize).not.toHaveProperty("stride");
      expect(read(DETECT, { height: 96, width: 128 }).warnings).toBeUndefined();
    });

    test("ends the letterbox at the stride where the graph leaves the size open, within imgsz or 640", () => {
      const size = { height: 480, width: 640 };
      expect(read({ ...DETECT, stride: "64" }).values.resize).toEqual({ ...LETTERBOX, size, stride: 64 });
      expect(read({ names: "['a']", task: "detect" }).values.resize).toEqual({
        ...LETTERBOX,
        size: { height: 640, width: 640 },
        stride: 32,
      });
    });

    test.each([
      ["end2end True", { end2end: "True" }, "ultralytics_nms"],
      ["nms in args", { args: "{'nms': True}" }, "ultralytics_nms"],
      ["end2end False", { args: "{'nms': None}" }, "ultralytics"],
    ])("reads the form of its boxes: %s", (_, metadata, detector) => {
      expect(read({ ...DETECT, ...metadata }).values.detector).toBe(detector);
    });

    test("leaves the form to the shape where an older export does not say", () => {
      const { end2end: _, ...older } = DETECT;
      expect(read(older).values).toMatchObject({ task: "detection" });
      expect(read(older).values.detector).toBeUndefined();
    });

    test.each(["segment", "pose"])("counts the classes by names and warns: task %s", (task) => {
      const recipe = read({ ...DETECT, task });
      expect(recipe.values).toMatchObject({ task: "detection", detector: "ultralytics", classes: 3 });
      expect(recipe.warnings).toEqual([expect.stringMatching(/serving_default only/)]);
    });

    test.each([
      ["obb", { task: "obb" }],
      ["RT-DETR", { head: "RTDETRDecoder" }],
    ])("answers raw tensors and warns: %s", (_, metadata) => {
      const recipe = read({ ...DETECT, ...metadata });
      expect(recipe.values.task).toBe("generic");
      expect(recipe.values.detector).toBeUndefined();
      expect(recipe.warnings).toEqual([expect.stringMatching(/serving_default only/)]);
    });

    test("refuses a stride that is no number of pixels", () => {
      expect(refused({ ...DETECT, stride: "0" })).toContain('metadata "stride": expected a number of pixels');
    });
  });

  test("reads YOLOv5's metadata: names and stride alone", () => {
    expect(read({ names: "['a', 'b']", stride: "32" }).values.labels).toEqual(["a", "b"]);
  });

  test.each(["1", "4"])("knows %s channels for no RGB", (channels) => {
    expect(read({ ...CLASSIFY, channels }).values.color).toBe(channels === "1" ? "L" : undefined);
  });

  test("reads a deepness segmentation model", () => {
    const metadata = {
      model_type: '"Segmentor"',
      class_names: '{"0": "background", "1": "road"}',
      resolution: "10",
      standardization_mean: "[0.485, 0.456, 0.406]",
      standardization_std: "[0.229, 0.224, 0.225]",
    };
    expect(read(metadata).values).toEqual({
      ...UNIT,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      labels: ["background", "road"],
      task: "segmentation",
      activation: "none",
    });
  });

  test("takes deepness' numbers for each of six bands", () => {
    const metadata = { model_type: '"Segmentor"', standardization_mean: "[1, 2, 3, 4, 5, 6]" };
    expect(read(metadata).values.mean).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each<[string, string | undefined]>([
    ["Regressor", "generic"],
    ["superresolution", "generic"],
    ["Detector", undefined],
  ])("takes deepness' %s for task %s", (type, task) => {
    expect(read({ model_type: JSON.stringify(type), class_names: '[{"0": "a"}]' }).values).toMatchObject({
      labels: ["a"],
      ...(task === undefined ? {} : { task }),
    });
    expect(read({ model_type: JSON.stringify(type) }).values.task).toBe(task);
  });

  test.each<[string, object]>([
    ["NominalRange_0_255", { rescaleFactor: 1, rescaleOffset: 0 }],
    ["Normalized_0_1", { rescaleFactor: 1 / 255, rescaleOffset: 0 }],
    ["Normalized_1_1", { rescaleFactor: 2 / 255, rescaleOffset: -1 }],
    ["NominalRange_16_235", { rescaleFactor: 219 / 255, rescaleOffset: 16 }],
  ])("reads the pixel range %s", (range, values) => {
    expect(read({ "Image.NominalPixelRange": range }).values).toEqual({ ...values, mean: [0], std: [1] });
  });

  test.each([
    ["Gray8", "L"],
    ["Rgb8", "RGB"],
    ["Bgr8", "BGR"],
  ])("reads the pixel format %s", (format, color) => {
    const metadata = { "Image.BitmapPixelFormat": format, "Image.ColorSpaceGamma": "SRGB" };
    expect(read(metadata).values).toEqual({ color });
  });

  test.each<[string, Metadata, RegExp]>([
    [
      "names that are no literal",
      { ...CLASSIFY, names: "dict(a=1)" },
      /^model\.onnx: metadata "names" can't be read: /,
    ],
    [
      "names with a gap",
      { ...CLASSIFY, names: "{0: 'a', 2: 'b'}" },
      /"names": 2 labels, but none for index 1$/,
    ],
    ["names that are no list", { ...CLASSIFY, names: "3" }, /"names": expected names by index, got 3$/],
    ["a size of another form", { ...CLASSIFY, imgsz: "[0, 'a']" }, /"imgsz": expected \[height, width\]/],
    [
      "a mean of another form",
      { model_type: '"Segmentor"', standardization_mean: "[]" },
      /"standardization_mean"/,
    ],
    [
      "four channels of 8 bits",
      { "Image.BitmapPixelFormat": "Bgra8" },
      /Bgra8 is not served, only Gray8, Rgb8, Bgr8/,
    ],
    ["linear light", { "Image.ColorSpaceGamma": "Linear" }, /"Image\.ColorSpaceGamma" Linear is not served/],
    ["__proto__ for a range", { "Image.NominalPixelRange": "__proto__" }, /__proto__ is not served/],
  ])("refuses %s", (_name, metadata, message) => {
    expect(refused(metadata)).toMatch(message);
  });
});
