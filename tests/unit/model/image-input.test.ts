import { describe, expect, test } from "vitest";
import { findImageInput } from "../../../src/model/image-input.ts";
import type { Recipe } from "../../../src/model/recipe.ts";
import type { DType } from "../../../src/tensor/dtype.ts";
import type { Dimension } from "../../../src/tensor/tensor.ts";

const NOTHING_SAID: Recipe = { values: {}, origins: {} };

function find(shape: readonly Dimension[], dtype: DType = "float32", recipe: Recipe = NOTHING_SAID) {
  const inputs = [{ name: "pixel_values", dtype, shape }];
  return findImageInput({ inputs, outputs: [], provider: "cpu" }, recipe);
}

const OPEN = { channels: undefined, height: undefined, width: undefined };

describe("findImageInput", () => {
  test.each<[string, Dimension[], object]>([
    ["channels first", ["N", 3, 224, 192], { layout: "CHW", channels: 3, height: 224, width: 192 }],
    ["channels first, size open", ["N", 3, "h", "w"], { ...OPEN, layout: "CHW", channels: 3 }],
    [
      "channels first, width open",
      [1, 3, 224, ""],
      { layout: "CHW", channels: 3, height: 224, width: undefined },
    ],
    ["channels last", ["N", 224, 192, 3], { layout: "HWC", channels: 3, height: 224, width: 192 }],
    ["channels last, size open", ["N", "", "", 3], { ...OPEN, layout: "HWC", channels: 3 }],
    ["one channel first", [1, 1, 28, 28], { layout: "CHW", channels: 1, height: 28, width: 28 }],
    ["one channel last", [1, 28, 28, 1], { layout: "HWC", channels: 1, height: 28, width: 28 }],
    ["four bands first", ["N", 4, 224, 192], { layout: "CHW", channels: 4, height: 224, width: 192 }],
    ["six bands last", ["N", 64, 65, 6], { layout: "HWC", channels: 6, height: 64, width: 65 }],
    ["thirteen bands first, size open", ["N", 13, "h", "w"], { ...OPEN, layout: "CHW", channels: 13 }],
    ["thirteen bands last, size open", ["N", "h", "w", 13], { ...OPEN, layout: "HWC", channels: 13 }],
    [
      "bands at an end, an edge at the other",
      ["N", 5, 64, 6],
      { layout: "CHW", channels: 5, height: 64, width: 6 },
    ],
    ["both ends look like channels", ["N", 3, 8, 3], { layout: "CHW", channels: 3, height: 8, width: 3 }],
  ])("finds a picture: %s", (_, shape, expected) => {
    expect(find(shape)).toEqual({ name: "pixel_values", dtype: "float32", ...expected });
  });

  test("finds a picture without a batch axis where torchvision's detectors answer", () => {
    const inputs = [{ name: "image", dtype: "float32", shape: [3, 190, "w"] }] as const;
    const output = (name: string, shape: Dimension[]) => ({ name, dtype: "float32", shape }) as const;
    const outputs = [output("boxes", ["n", 4]), output("labels", ["n"]), output("scores", ["n"])];
    expect(findImageInput({ inputs, outputs, provider: "cpu" }, NOTHING_SAID)).toMatchObject({
      layout: "CHW",
      channels: 3,
      height: 190,
      width: undefined,
    });
    expect(findImageInput({ inputs, outputs: [], provider: "cpu" }, NOTHING_SAID)).toBeUndefined();
  });

  test.each(["float32", "float16", "uint8"] as const)("finds a picture of %s", (dtype) => {
    expect(find(["N", 3, 8, 8], dtype)?.dtype).toBe(dtype);
  });

  test.each<[string, Partial<Recipe["values"]>]>([
    ["the normalisation", { mean: [0.5] }],
    ["the size", { resize: { kind: "exact", size: { height: 8, width: 8 }, filter: "box" } }],
  ])(
    "takes an input that is open all over for a picture, channels first, when a file describes %s",
    (_, values) => {
      const recipe = { values, origins: {} };
      expect(find(["batch", "channels", "height", "width"], "float32", recipe)).toMatchObject({
        ...OPEN,
        layout: "CHW",
      });
      expect(find(["batch", "channels", "height", "width"])).toBeUndefined();
    },
  );

  test.each<[string, Dimension[], DType]>([
    ["a table", ["N", 4], "float32"],
    ["a video", ["N", 8, 3, 224, 224], "float32"],
    ["a feature map", ["N", 512, 7, 7], "float32"],
    ["as many channels as columns", ["N", 8, 16, 8], "float32"],
    ["more bands than any sensor has", ["N", 513, 1024, 1024], "float32"],
    ["pixels of int64", ["N", 3, 224, 224], "int64"],
    ["text", ["N", 3, 8, 8], "string"],
    ["a scalar", [], "float32"],
  ])("finds none in %s", (_, shape, dtype) => {
    expect(find(shape, dtype)).toBeUndefined();
  });

  test("finds none among two inputs, nor where there is no input", () => {
    const input = { name: "a", dtype: "float32", shape: ["N", 3, 8, 8] } as const;
    const info = { outputs: [], provider: "cpu" } as const;
    expect(
      findImageInput({ ...info, inputs: [input, { ...input, name: "b" }] }, NOTHING_SAID),
    ).toBeUndefined();
    expect(findImageInput({ ...info, inputs: [] }, NOTHING_SAID)).toBeUndefined();
  });
});
