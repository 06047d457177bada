import { describe, expect, test } from "vitest";
import type { PreprocessSpec } from "../../../src/image/preprocess-spec.ts";
import { choosePreprocess, rowShape, rowSize } from "../../../src/model/choose-preprocess.ts";
import type { ImageInput } from "../../../src/model/image-input.ts";
import type { RecipeValues } from "../../../src/model/recipe.ts";
import { refusal } from "../../support/onnx/refusal.ts";

const INPUT: ImageInput = {
  name: "image",
  layout: "CHW",
  dtype: "float32",
  channels: 3,
  height: 8,
  width: 9,
};
const OPEN_SIZE = { height: undefined, width: undefined };
const NORMALISED = { mean: [0.5], std: [0.25] };
const exact = (height: number, width: number) =>
  ({ kind: "exact", size: { height, width }, filter: "bicubic" }) as const;

/** All values are stated by serving.json. */
function choose(values: Partial<RecipeValues> = {}, input: Partial<ImageInput> = {}) {
  const origins = Object.fromEntries(Object.keys(values).map((name) => [name, "serving.json"]));
  return choosePreprocess({ ...INPUT, ...input }, { values, origins });
}

const refused = (values: Partial<RecipeValues>, input: Partial<ImageInput> = {}) =>
  refusal("-", () => choose(values, input));

describe("choosePreprocess", () => {
  test("completes what nobody states from the graph and with defaults, and says so", () => {
    const { spec, origins } = choose();
    expect(spec).toEqual({
      color: "RGB",
      resize: { kind: "exact", size: { height: 8, width: 9 }, filter: "bilinear" },
      rescaleFactor: 1 / 255,
      isFactorForBytes: true,
      rescaleOffset: 0,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      layout: "CHW",
      dtype: "float32",
    });
    expect(origins).toEqual({
      color: "the graph's input shape",
      resize: "the graph's input shape",
      centerCrop: "default",
      rescaleFactor: "default",
      rescaleOffset: "default",
      mean: "default",
      std: "default",
    });
  });

  test.each([
    ["crop", { centerCrop: { height: 8, width: 9 } }],
    ["pad", { padTo: { height: 8, width: 9 } }],
    ["letterbox", { centerCrop: { height: 8, width: 9 } }],
  ] as const)("refuses a crop or padding after the method %s, which makes the whole row", (kind, after) => {
    const size = { height: 8, width: 9 };
    const resize = kind === "letterbox" ? { kind, size, fill: 114 } : { kind, size };
    expect(refused({ ...NORMALISED, ...after, resize: { ...resize, filter: "bilinear" } })).toMatch(
      new RegExp(`serving\\.json: preprocess\\.resize\\.method ${kind}`),
    );
  });

  test("keeps every stated value and its origin", () => {
    const { spec, origins } = choose({
      color: "BGR",
      resize: exact(16, 16),
      centerCrop: { height: 8, width: 9 },
      rescaleFactor: 1,
      rescaleOffset: -1,
      mean: [1, 2, 3],
      std: [4, 5, 6],
    });
    expect(spec).toEqual({
      color: "BGR",
      resize: exact(16, 16),
      centerCrop: { height: 8, width: 9 },
      rescaleFactor: 1,
      rescaleOffset: -1,
      mean: [1, 2, 3],
      std: [4, 5, 6],
      layout: "CHW",
      dtype: "float32",
    });
    expect(new Set(Object.values(origins))).toEqual(new Set(["serving.json"]));
  });

  test("takes layout and type from the graph", () => {
    expect(choose({}, { layout: "HWC", dtype: "float16" }).spec).toMatchObject({
      layout: "HWC",
      dtype: "float16",
    });
  });

  test("feeds grey to an input of one channel", () => {
    expect(choose({}, { channels: 1 }).spec).toMatchObject({ color: "L", mean: [0], std: [1] });
  });

  test("feeds arrays of bands to an input of another number of channels", () => {
    const { spec, origins, warnings } = choose({}, { channels: 6 });
    expect(spec).toMatchObject({ color: "bands", mean: new Array(6).fill(0), std: new Array(6).fill(1) });
    expect(origins.color).toBe("the graph's input shape");
    expect(warnings).toEqual([expect.stringMatching(/^no normalisation found: bands of uint8 are divided/)]);
  });

  test("warns of bands without a factor, and of no others", () => {
    expect(choose(NORMALISED, { channels: 6 }).warnings).toEqual([
      expect.stringMatching(/^no rescale_factor found: bands of uint8 are divided by 255, others keep/),
    ]);
    expect(choose({ rescaleFactor: 1e-4 }, { channels: 6 }).warnings).toEqual([]);
    expect(choose({}, { channels: 6, dtype: "uint8" }).warnings).toEqual([]);
  });

  test("counts the bands of an open input by the means or the deviations", () => {
    const open = { channels: undefined };
    expect(choose({ color: "bands", mean: [1, 2, 3, 4], std: [2] }, open).spec).toMatchObject({
      color: "bands",
      mean: [1, 2, 3, 4],
      std: [2, 2, 2, 2],
    });
    expect(choose({ color: "bands", std: [1, 2] }, open).spec.mean).toEqual([0, 0]);
  });

  test("keeps a stated factor for arrays of every type", () => {
    expect(choose({ rescaleFactor: 1 / 255 }).spec).not.toHaveProperty("isFactorForBytes");
  });

  test("feeds an input of three channels no pictures where color is bands", () => {
    expect(choose({ color: "bands" }).spec).toMatchObject({ color: "bands", mean: [0, 0, 0] });
  });

  test("lets one number stand for all channels", () => {
    expect(choose(NORMALISED).spec).toMatchObject({ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] });
  });

  test("does not resize where the graph leaves a side open, or the folder says false", () => {
    expect(choose({}, { width: undefined }).spec).not.toHaveProperty("resize");
    expect(choose({ resize: false, centerCrop: false }).spec).not.toHaveProperty("resize");
    expect(choose({ resize: false, centerCrop: false }).spec).not.toHaveProperty("centerCrop");
  });

  test("warns when no file states a normalisation", () => {
    expect(choose().warnings).toEqual([expect.stringContaining("no normalisation found")]);
  });

  test.each<[string, Partial<RecipeValues>, Partial<ImageInput>]>([
    ["the mean is stated", { mean: [0.5] }, {}],
    ["the deviation is stated", { std: [0.5] }, {}],
    ["the model takes uint8", {}, { dtype: "uint8" }],
  ])("does not warn when %s", (_, values, input) => {
    expect(choose(values, input).warnings).toEqual([]);
  });

  test.each<[string, Partial<RecipeValues>, Partial<ImageInput>, string]>([
    [
      "a deviation of 0",
      { std: [0.2, 0, 0.2] },
      {},
      "serving.json: std holds 0.2, 0, 0.2; every value must be above 0",
    ],
    [
      "a negative deviation",
      { std: [-1] },
      {},
      "serving.json: std holds -1, -1, -1; every value must be above 0",
    ],
    ["two means", { mean: [1, 2] }, {}, "serving.json: mean has 2 numbers for 3 channels"],
    [
      "three deviations of grey",
      { std: [1, 2, 3], color: "L" },
      { channels: 1 },
      "serving.json: std has 3 numbers for 1 channels",
    ],
    [
      "grey for three channels",
      { color: "L" },
      {},
      "serving.json: color L gives 1 channels, but the model takes 3",
    ],
    [
      "colour for one channel",
      { color: "RGB" },
      { channels: 1 },
      "serving.json: color RGB gives 3 channels, but the model takes 1",
    ],
    [
      "colour for six channels",
      { color: "RGB" },
      { channels: 6 },
      'serving.json: color RGB gives 3 channels, but the model takes 6: say "color": "bands" in serving.json (preprocess) to feed it raw arrays',
    ],
    [
      "three means for six bands",
      { mean: [1, 2, 3] },
      { channels: 6 },
      "serving.json: mean has 3 numbers for 6 channels",
    ],
    [
      "bands that nobody counts",
      { color: "bands", mean: [1] },
      { channels: undefined },
      "serving.json: color bands, but the model's input says no number of bands: give preprocess.mean a number for each",
    ],
    [
      "another size",
      { resize: exact(9, 9) },
      {},
      "serving.json: resize gives 9x9 pixels, but the model takes [8, 9]",
    ],
    [
      "another crop",
      { resize: exact(16, 16), centerCrop: { height: 8, width: 8 } },
      {},
      "serving.json: centerCrop gives 8x8 pixels, but the model takes [8, 9]",
    ],
    [
      "another height where the width is open",
      { resize: exact(9, 9) },
      { width: undefined },
      "serving.json: resize gives 9x9 pixels, but the model takes [8, width]",
    ],
  ])("refuses %s, naming the key and its file", (_, values, input, line) => {
    expect(refused(values, input)).toBe(line);
  });

  test("takes one number of the crop's fill for all channels, and refuses two", () => {
    expect(choose({ cropFill: [7] }).spec.cropFill).toEqual([7, 7, 7]);
    expect(refused({ cropFill: [7, 8] })).toBe("serving.json: cropFill has 2 numbers for 3 channels");
  });

  test("pads nothing where the padding is turned off", () => {
    expect(choose({ padTo: false }).spec).not.toHaveProperty("padTo");
  });

  test("accepts any size where the graph leaves it open", () => {
    expect(choose({ resize: exact(5, 7) }, OPEN_SIZE).spec.resize).toEqual(exact(5, 7));
  });

  test("accepts a resize by the shorter edge, whose size depends on the image", () => {
    const resize = { kind: "shortest_edge", edgePixels: 8, filter: "bilinear" } as const;
    expect(choose({ resize }).spec.resize).toEqual(resize);
  });
});

const SPEC: PreprocessSpec = choose().spec;

describe("rowSize", () => {
  test.each<[string, Partial<PreprocessSpec>, object | undefined]>([
    ["an exact resize", {}, { height: 8, width: 9 }],
    ["a crop after it", { centerCrop: { height: 4, width: 5 } }, { height: 4, width: 5 }],
    ["a shorter edge", { resize: { kind: "shortest_edge", edgePixels: 8, filter: "box" } }, undefined],
    ["a multiple of its own size", { resize: { kind: "multiple", pixels: 8, filter: "box" } }, undefined],
    ["a size to cover", { resize: { ...exact(8, 9), kind: "cover" } }, undefined],
    [
      "a share of it",
      { resize: { ...exact(8, 9), kind: "share", share: exact(1, 1).size } },
      { height: 8, width: 9 },
    ],
    ["padding", { padTo: { height: 16, width: 12 } }, { height: 16, width: 12 }],
    ["padding to a multiple", { padTo: { multipleOf: 8, method: "zeros" } }, { height: 8, width: 16 }],
    ["padding by a mirror", { padTo: { multipleOf: 8, method: "mirror" } }, { height: 16, width: 16 }],
    [
      "padding of what depends on the image",
      { resize: { kind: "multiple", pixels: 8, filter: "box" }, padTo: { multipleOf: 8, method: "zeros" } },
      undefined,
    ],
  ])("of %s", (_, change, size) => {
    expect(rowSize({ ...SPEC, ...change })).toEqual(size);
  });
});

describe("rowShape", () => {
  test("puts the channels where the layout has them", () => {
    expect(rowShape(SPEC)).toEqual([3, 8, 9]);
    expect(rowShape({ ...SPEC, layout: "HWC", mean: [0] })).toEqual([8, 9, 1]);
  });

  test("is not known where the size depends on the image", () => {
    const { resize: _, ...open } = SPEC;
    expect(rowShape(open)).toBeUndefined();
  });
});
