import { describe, expect, test } from "vitest";
import { type Dimension, elementCount, fitsSpec, formatShape, isTensor } from "../../../src/tensor/tensor.ts";

describe("elementCount", () => {
  test.each<[number[], number]>([
    [[], 1],
    [[7], 7],
    [[2, 3, 4], 24],
    [[2, 0, 4], 0],
  ])("multiplies %j to %d", (shape, count) => {
    expect(elementCount(shape)).toBe(count);
  });
});

describe("isTensor", () => {
  test.each([
    ["a tensor", { dtype: "float32", shape: [1], data: Float32Array.of(1) }, true],
    ["an object without data", { dtype: "float32", shape: [1] }, false],
    ["null", null, false],
    ["a list", [1, 2], false],
    ["text", "dtype shape data", false],
  ])("tells %s", (_, value, expected) => {
    expect(isTensor(value)).toBe(expected);
  });
});

describe("formatShape", () => {
  test.each<[Dimension[], string]>([
    [[], "[]"],
    [[1, 3, 224, 224], "[1, 3, 224, 224]"],
    [["N", 3, "height", "width"], "[N, 3, height, width]"],
    [["", 3], "[?, 3]"],
  ])("writes %j as %s", (shape, text) => {
    expect(formatShape(shape)).toBe(text);
  });
});

describe("fitsSpec", () => {
  test.each<[string, number[], Dimension[], boolean]>([
    ["equal sizes", [1, 3], [1, 3], true],
    ["any size where the spec has a name", [9, 3], ["N", 3], true],
    ["any size where the spec has no name", [9, 3], ["", 3], true],
    ["a size of zero in an open dimension", [0, 3], ["N", 3], true],
    ["a scalar and a scalar", [], [], true],
    ["another fixed size", [1, 4], [1, 3], false],
    ["a dimension too few", [3], ["N", 3], false],
    ["a dimension too many", [1, 3, 1], ["N", 3], false],
  ])("judges %s", (_, shape, spec, expected) => {
    expect(fitsSpec(shape, spec)).toBe(expected);
  });
});
