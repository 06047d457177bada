import { describe, expect, test } from "vitest";
import { examplesToInstances } from "../../../src/protocol/examples-to-instances.ts";
import type { Instance, ModelInputs } from "../../../src/protocol/predict-request.ts";
import type { Example, Feature } from "../../../src/protocol/tf-example.ts";
import type { DType } from "../../../src/tensor/dtype.ts";
import type { Dimension } from "../../../src/tensor/tensor.ts";
import { seen } from "./error-of.ts";

const IMAGES: ModelInputs = {
  inputs: [{ name: "pixels", dtype: "float32", shape: ["N", 3, 8, 8] }],
  imageInput: "pixels",
  batching: "rows",
};

function plain(dtype: DType, row: readonly Dimension[]): ModelInputs {
  return { inputs: [{ name: "x", dtype, shape: ["N", ...row] }], batching: "rows" };
}

const bytes = (...values: string[]): Feature => ({
  kind: "bytes",
  values: values.map((value) => new TextEncoder().encode(value)),
});
const floats = (...values: number[]): Feature => ({ kind: "float", values });
const integers = (...values: bigint[]): Feature => ({ kind: "int64", values });

function example(features: Record<string, Feature>): Example {
  return new Map(Object.entries(features));
}

function instanceOf(features: Record<string, Feature>, model: ModelInputs): Instance {
  return examplesToInstances({ examples: [example(features)] }, model)[0] as Instance;
}

function messageOf(features: Record<string, Feature>, model: ModelInputs): string {
  const instance = instanceOf(features, model);
  if (instance.kind !== "bad") throw new Error(`expected a bad instance, got ${instance.kind}`);
  expect(seen(instance.error)).toMatchObject({ code: "INVALID_ARGUMENT", instance: 0 });
  return instance.error.message;
}

describe("examplesToInstances", () => {
  test.each(["pixels", "image_bytes", "image/encoded"])("takes an encoded image as %s", (name) => {
    const instance = instanceOf({ [name]: bytes("PNG"), "image/height": integers(8n) }, IMAGES);
    expect(instance).toEqual({ kind: "image", bytes: new TextEncoder().encode("PNG") });
  });

  test("gives an image that is part of a larger message its own memory", () => {
    const message = new Uint8Array([1, 2, 3, 4]);
    const instance = instanceOf({ pixels: { kind: "bytes", values: [message.subarray(1, 3)] } }, IMAGES);
    expect(instance.kind === "image" && [...new Uint8Array(instance.bytes.buffer)]).toEqual([2, 3]);
  });

  test("takes the numbers of an image's tensor", () => {
    const values = Array.from({ length: 192 }, (_, i) => i);
    const instance = instanceOf({ pixels: floats(...values) }, IMAGES);
    expect(instance.kind === "row" && instance.row.pixels?.shape).toEqual([3, 8, 8]);
  });

  test.each([
    ["float32", [3], floats(1, 2, 3), [3], new Float32Array([1, 2, 3])],
    ["float32", [], integers(80n), [], new Float32Array([80])],
    ["float32", [1], floats(1), [1], new Float32Array([1])],
    ["float64", ["any"], floats(1, 2), [2], new Float64Array([1, 2])],
    ["float32", [2, "any"], floats(1, 2, 3, 4), [2, 2], new Float32Array([1, 2, 3, 4])],
    ["int64", [], integers(2n ** 63n - 1n), [], new BigInt64Array([2n ** 63n - 1n])],
    ["uint8", [2], integers(0n, 255n), [2], new Uint8Array([0, 255])],
    ["bool", [2], integers(0n, 1n), [2], new Uint8Array([0, 1])],
    ["string", [2], bytes("a", "wörld"), [2], ["a", "wörld"]],
  ] as const)("fills a row of %s %j", (dtype, row, feature, shape, data) => {
    const instance = instanceOf({ x: feature }, plain(dtype, row));
    expect(instance).toEqual({ kind: "row", row: { x: { dtype, shape, data } } });
  });

  test("an example's own feature wins over the context's", () => {
    const context = example({ x: floats(1) });
    const examples = [example({}), example({ x: floats(2) })];
    const rows = examplesToInstances({ examples, context }, plain("float32", []));
    expect(rows.map((one) => one.kind === "row" && one.row.x?.data[0])).toEqual([1, 2]);
  });

  test.each([
    ["float32", [], {}, "Feature: x (data type: float) is required but could not be found."],
    [
      "float32",
      [3],
      { x: floats(1, 2) },
      "Key: x, Index: 0.  Number of float values != expected.  values size: 2 but output shape: [3]",
    ],
    [
      "float32",
      [2, "any"],
      { x: floats(1, 2, 3) },
      "Key: x, Index: 0.  Number of float values != expected.  values size: 3 but output shape: [2, any]",
    ],
    [
      "int64",
      [],
      { x: floats(1) },
      "Key: x, Index: 0.  Data types don't match. Data type: float but expected type: int64",
    ],
    [
      "uint8",
      [],
      { x: integers(256n) },
      "Key: x, Index: 0.  Data types don't match. Data type: int64 but expected type: uint8",
    ],
    [
      "float32",
      [],
      { x: bytes("1") },
      "Key: x, Index: 0.  Data types don't match. Data type: string but expected type: float",
    ],
    [
      "string",
      [],
      { x: { kind: "bytes", values: [new Uint8Array([0xff])] } },
      "Key: x, Index: 0.  Data types don't match. Data type: string but expected type: string",
    ],
  ] as const)("refuses for a row of %s %j the features %o", (dtype, row, features, message) => {
    expect(messageOf(features, plain(dtype, row))).toBe(message);
  });

  test("says where an image may stand", () => {
    expect(messageOf({ image: bytes("PNG") }, IMAGES)).toBe(
      "Feature: pixels (an encoded image, as one of pixels, image_bytes, image/encoded) is required but could not be found.",
    );
  });

  test("refuses several images in one example", () => {
    expect(messageOf({ pixels: bytes("a", "b") }, IMAGES)).toContain("values size: 2");
  });

  test("holds the number of examples against a model without a batch axis", () => {
    const model: ModelInputs = {
      inputs: [{ name: "x", dtype: "float32", shape: [2, 1] }],
      batching: "whole",
    };
    expect(messageOf({ x: floats(1) }, model)).toBe("input 'x': expected 2 examples, got 1");
  });
});
