import { describe, expect, test } from "vitest";
import { argmax, toNumbers, topIndices, toScores } from "../../../src/signature/scores.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

/** Neighbours of float32 below 1 are 6e-8 apart. */
const TOLERANCE = 6e-8;

function expectNear(scores: Float32Array, expected: readonly number[]): void {
  expect(scores).toHaveLength(expected.length);
  const largest = Math.max(...expected.map((value, i) => Math.abs(value - (scores[i] ?? Number.NaN))));
  expect(largest).toBeLessThanOrEqual(TOLERANCE);
}

describe("toNumbers", () => {
  test("gives float32 elements without copying", () => {
    const source = tensor("float32", [2], [0.1, 2]);
    expect(toNumbers(source)).toBe(source.data);
  });

  test.each(["float16", "float64", "int64", "uint64", "int32", "uint8", "bool"] as const)(
    "gives the elements of %s as numbers",
    (dtype) => {
      expect(Array.from(toNumbers(tensor(dtype, [3], [0, 1, 1])))).toEqual([0, 1, 1]);
    },
  );

  test("decodes the bits of float16", () => {
    expect(Array.from(toNumbers(tensor("float16", [2], [-0.5, 65504])))).toEqual([-0.5, 65504]);
  });
});

describe("toScores", () => {
  // Quotients of powers of e, from tables: e^1 = 2.718281828, e^2 = 7.389056099, e^3 = 20.085536923.
  test.each([
    ["three classes", [1, 2, 3], [0.0900305732, 0.2447284711, 0.6652409558]],
    ["equal logits", [7, 7, 7, 7], [0.25, 0.25, 0.25, 0.25]],
    ["logits whose powers overflow a double", [1000, 1001], [0.2689414214, 0.7310585786]],
    ["logits whose powers vanish", [-1000, -1001], [0.7310585786, 0.2689414214]],
    ["logits far apart", [-1e38, 0, 1e38], [0, 0, 1]],
    ["a class ruled out", [Number.NEGATIVE_INFINITY, 0, 0], [0, 0.5, 0.5]],
    ["a single class", [-3], [1]],
  ])("takes the softmax of %s", (_, logits, expected) => {
    expectNear(toScores(logits, "softmax"), expected);
  });

  test.each([
    ["zero", 0, 0.5],
    ["two", 2, 0.880797078],
    ["minus two", -2, 0.119202922],
    ["a logit whose power overflows", -1000, 0],
    ["a large logit", 1000, 1],
  ])("takes the sigmoid of %s", (_, logit, expected) => {
    expectNear(toScores([logit], "sigmoid"), [expected]);
  });

  test("takes each sigmoid for itself", () => {
    expectNear(toScores([2, 2], "sigmoid"), [0.880797078, 0.880797078]);
  });

  test("adds up to one for a thousand classes", () => {
    const scores = toScores(
      Array.from({ length: 1000 }, (_, i) => Math.sin(i) * 20),
      "softmax",
    );
    expect(Math.abs(scores.reduce((sum, score) => sum + score, 0) - 1)).toBeLessThan(1e-6);
  });

  test("leaves probabilities as they are", () => {
    expect(toScores([0.25, 0.75], "none")).toEqual(Float32Array.of(0.25, 0.75));
  });

  test("copies, so that the answer outlives the batch", () => {
    const logits = Float32Array.of(0.25, 0.75);
    expect(toScores(logits, "none")).not.toBe(logits);
  });

  test("lets NaN through, in its own class only", () => {
    expect(toScores([1, Number.NaN, 1], "softmax")).toEqual(Float32Array.of(0.5, Number.NaN, 0.5));
    expect(toScores([Number.NaN, Number.NaN], "softmax")).toEqual(Float32Array.of(Number.NaN, Number.NaN));
    expect(toScores([0, Number.NaN], "sigmoid")).toEqual(Float32Array.of(0.5, Number.NaN));
  });
});

describe("argmax", () => {
  test.each([
    ["the largest", [1, 3, 2], 1],
    ["the first of equal ones", [0, 5, 5, 5], 1],
    ["the largest of negative ones", [-3, -1, -2], 1],
    ["Infinity", [1, Number.POSITIVE_INFINITY, 2], 1],
    ["the first where all are -Infinity", [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY], 0],
    ["the largest beside NaN, wherever that stands", [Number.NaN, -9, Number.NaN, -8], 3],
    ["the first where all are NaN", [Number.NaN, Number.NaN], 0],
    ["the only one", [4], 0],
  ])("finds %s", (_, values, index) => {
    expect(argmax(values)).toBe(index);
  });
});

describe("topIndices", () => {
  test.each([
    ["the best first", [0.1, 0.7, 0.2], 2, [1, 2]],
    ["the smaller index first of equal ones", [0.2, 0.4, 0.2, 0.2], 3, [1, 0, 2]],
    ["no more than there are", [0.6, 0.4], 5, [0, 1]],
    ["numbers before NaN", [Number.NaN, 0.2, Number.NaN, 0.3], 4, [3, 1, 0, 2]],
    ["equal infinities by index", [Number.POSITIVE_INFINITY, 1, Number.POSITIVE_INFINITY], 3, [0, 2, 1]],
  ])("gives %s", (_, values, k, indices) => {
    expect(topIndices(values, k)).toEqual(indices);
  });
});
