import { describe, expect, test } from "vitest";
import { exampleTensors } from "../../../src/console/example-tensors.ts";

const input = (dtype: string, ...sizes: number[]) => ({
  dtype,
  tensor_shape: { dim: sizes.map((size) => ({ size: String(size) })) },
});
const example = (inputs: Parameters<typeof exampleTensors>[0]) =>
  JSON.parse(exampleTensors(inputs) ?? "null");

describe("exampleTensors", () => {
  test("is one row of zeros in the shape of the input", () => {
    expect(example({ x: input("DT_FLOAT", -1, 2, 2) })).toEqual({
      instances: [
        [
          [0, 0],
          [0, 0],
        ],
      ],
    });
  });

  test("is a number where a row has no axes, and an axis of unknown size has one element", () => {
    expect(example({ x: input("DT_FLOAT", -1) })).toEqual({ instances: [0] });
    expect(example({ x: input("DT_FLOAT", -1, -1) })).toEqual({ instances: [[0]] });
  });

  test("names the inputs where there are several, each with a value of its type", () => {
    const inputs = { a: input("DT_BOOL", -1, 1), b: input("DT_STRING", -1, 1) };
    expect(example(inputs)).toEqual({ instances: [{ a: [false], b: [""] }] });
  });

  test("is left out for large rows and for models without inputs", () => {
    expect(exampleTensors({ x: input("DT_FLOAT", -1, 3, 224, 224) })).toBeUndefined();
    expect(exampleTensors({})).toBeUndefined();
  });
});
