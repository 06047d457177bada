import { describe, expect, test } from "vitest";
import { compareGolden, type GoldenPair, readGoldenPair } from "../../../src/model/golden.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { npy } from "../../support/npy.ts";
import { refusal } from "../../support/onnx/refusal.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

const EXPECTED = {
  image: "image.png",
  outputs: { logits: { shape: [1, 3], data: [0.5, -10, 2] } },
  tolerance: 0.001,
};

function refused(expected: object | string, image: string | undefined = "bytes"): string {
  const folder = temporaryModelFolder({
    "golden/expected.json": expected,
    ...(image === undefined ? {} : { "golden/image.png": image }),
  });
  return refusal(folder, () => readGoldenPair(folder));
}

describe("readGoldenPair", () => {
  test("returns undefined when there is none", () => {
    expect(readGoldenPair(temporaryModelFolder({}))).toBeUndefined();
  });

  test("reads the image and what is expected of it", () => {
    const folder = temporaryModelFolder({
      "golden/expected.json": { ...EXPECTED, made_by: "export.py" },
      "golden/image.png": "bytes",
    });
    expect(readGoldenPair(folder)).toMatchObject({
      imageBytes: new TextEncoder().encode("bytes"),
      example: new TextEncoder().encode("bytes"),
      outputs: EXPECTED.outputs,
      tolerance: 0.001,
    });
  });

  test("reads the array of a NumPy file", () => {
    const folder = temporaryModelFolder({
      "golden/expected.json": { ...EXPECTED, image: "tile.npy" },
      "golden/tile.npy": npy({ descr: "<u2", shape: "(1, 1, 2)" }, Uint8Array.of(1, 2, 3, 4)),
    });
    expect(readGoldenPair(folder)).toEqual({
      imageBytes: Uint8Array.of(1, 2, 3, 4),
      array: { dtype: "uint16", shape: [1, 1, 2] },
      outputs: EXPECTED.outputs,
      tolerance: 0.001,
    });
  });

  test("names the NumPy file that can't be read", () => {
    const folder = temporaryModelFolder({
      "golden/expected.json": { ...EXPECTED, image: "tile.npy" },
      "golden/tile.npy": "bytes",
    });
    expect(refusal(folder, () => readGoldenPair(folder))).toBe("golden/tile.npy: is no NumPy file (.npy)");
  });

  test("refuses a pair without its image", () => {
    const folder = temporaryModelFolder({ "golden/expected.json": EXPECTED });
    expect(refusal(folder, () => readGoldenPair(folder))).toBe(
      "golden/expected.json: image image.png does not exist",
    );
  });

  test.each<[string, object | string, RegExp]>([
    [
      "numbers that do not fill the shape",
      { ...EXPECTED, outputs: { logits: { shape: [1, 4], data: [1] } } },
      /^golden\/expected\.json: outputs\.logits has 1 numbers for shape \[1, 4\]$/,
    ],
    [
      "no outputs, which would prove nothing",
      { ...EXPECTED, outputs: {} },
      /^golden\/expected\.json: outputs: .+$/,
    ],
    ["no tolerance", { ...EXPECTED, tolerance: undefined }, /^golden\/expected\.json: tolerance: .+$/],
    ["a tolerance of zero", { ...EXPECTED, tolerance: 0 }, /^golden\/expected\.json: tolerance: .+$/],
    [
      "text among the numbers",
      { ...EXPECTED, outputs: { y: { shape: [1], data: ["1"] } } },
      /^golden\/expected\.json: outputs\.y\.data\.0: .+$/,
    ],
    ["no JSON", '{\n"image": \n}', /^golden\/expected\.json is not valid JSON: .+$/],
  ])("refuses %s", (_, expected, line) => {
    expect(refused(expected)).toMatch(line);
  });
});

const PAIR: GoldenPair = { ...EXPECTED, imageBytes: new Uint8Array() };
const row = (...values: number[]) => ({ logits: tensor("float64", [values.length], values) });

describe("compareGolden", () => {
  test.each([
    ["equal numbers", [0.5, -10, 2], 0, true],
    ["a difference within the tolerance", [0.5005, -10, 2], 0.0005, true],
    ["a difference of a number below one, taken as it is", [0.502, -10, 2], 0.002, false],
    ["a difference of a number above one, relative to it", [0.5, -10.005, 2], 0.0005, true],
    ["a relative difference past the tolerance", [0.5, -10.02, 2], 0.002, false],
    ["the largest of several", [0.5001, -10.1, 2.1], 0.05, false],
    ["NaN", [0.5, Number.NaN, 2], Number.POSITIVE_INFINITY, false],
    ["Infinity", [Number.NEGATIVE_INFINITY, -10, 2], Number.POSITIVE_INFINITY, false],
  ])("judges %s", (_, values, largest, passed) => {
    const result = compareGolden(PAIR, row(...values));
    expect(result).toMatchObject({ passed, tolerance: 0.001 });
    if (Number.isFinite(largest)) expect(result.largestDifference).toBeCloseTo(largest, 9);
    else expect(result.largestDifference).toBe(largest);
  });

  test("passes a difference that is the tolerance itself", () => {
    const pair = { ...PAIR, outputs: { y: { shape: [1], data: [0] } }, tolerance: 0.25 };
    expect(compareGolden(pair, { y: tensor("float32", [], [0.25]) }).passed).toBe(true);
  });

  test("compares every output that is expected, and no other", () => {
    const pair = { ...PAIR, outputs: { ...PAIR.outputs, b: { shape: [1], data: [1] } } };
    const outputs = { ...row(0.5, -10, 2), c: tensor("float32", [1], [9]) };
    expect(compareGolden(pair, { ...outputs, b: tensor("float32", [], [1]) }).passed).toBe(true);
    expect(compareGolden(pair, { ...outputs, b: tensor("float32", [], [2]) }).passed).toBe(false);
  });

  test("decodes outputs of float16", () => {
    expect(compareGolden(PAIR, { logits: tensor("float16", [3], [0.5, -10, 2]) }).largestDifference).toBe(0);
  });

  test.each([
    ["there is no such output", {}, "no such output"],
    ["the output has another length", { logits: tensor("float32", [1, 2], [1, 2]) }, "a row of shape [1, 2]"],
  ])("refuses when %s, naming it", (_, outputs, found) => {
    expect(refusal("-", () => compareGolden(PAIR, outputs))).toBe(
      `golden/expected.json: outputs.logits is [1, 3], the model gives ${found}`,
    );
  });
});
