import { describe, expect, test } from "vitest";
import { openInferenceRaw } from "../../../src/protocol/open-inference-raw.ts";
import type { ModelInputs } from "../../../src/protocol/predict-request.ts";
import type { DType } from "../../../src/tensor/dtype.ts";
import type { Dimension } from "../../../src/tensor/tensor.ts";
import { errorOf } from "./error-of.ts";

const model = (dtype: DType, shape: Dimension[], more: Partial<ModelInputs> = {}): ModelInputs => ({
  inputs: [{ name: "x", dtype, shape }],
  batching: "rows",
  ...more,
});
const isImage = (bytes: Uint8Array) => bytes[0] === 0xff;
const IMAGES = model("float32", ["N", 1, 1, 1], { imageInput: "x" });

describe("openInferenceRaw", () => {
  test.each<[string, ModelInputs, number, number[]]>([
    ["a row of a known size", model("float32", ["N", 2]), 8, [1, 2]],
    ["a row with one open size", model("uint8", ["N", 2, "length"]), 6, [1, 2, 3]],
    ["what a model without batch axis takes", model("float32", [2, 1], { batching: "whole" }), 8, [2, 1]],
    ["a row of a model whose batch size the graph fixes", model("uint8", [4, 2]), 2, [1, 2]],
    ["a tensor that a model of images takes itself", IMAGES, 4, [1, 1, 1, 1]],
  ])("reads %s", (_, of, bytes, shape) => {
    const read = openInferenceRaw(new Uint8Array(bytes), of, isImage);
    expect(read).toMatchObject({ kind: "tensors", tensors: { x: { dtype: of.inputs[0]?.dtype, shape } } });
  });

  test("reads one image, in memory of its own", () => {
    const body = Buffer.concat([Buffer.of(0xff, 1, 2, 3)]).subarray(0, 4);
    const read = openInferenceRaw(body, IMAGES, isImage);
    const bytes = Uint8Array.of(0xff, 1, 2, 3);
    expect(read).toEqual({ kind: "instances", instances: [{ kind: "image", bytes }] });
    const [one] = read.kind === "instances" ? read.instances : [];
    expect(one?.kind === "image" && one.bytes.buffer.byteLength).toBe(4);
  });

  test("takes what is no tensor of a model of images for an image", () => {
    expect(openInferenceRaw(new Uint8Array(3), IMAGES, isImage).kind).toBe("instances");
  });

  test("reads one string, without a length before it", () => {
    const read = openInferenceRaw(Buffer.from("é"), model("string", ["N"]), isImage);
    expect(read).toEqual({ kind: "tensors", tensors: { x: { dtype: "string", shape: [1], data: ["é"] } } });
  });

  test.each<[string, ModelInputs, Uint8Array]>([
    ["bytes that are no row", model("float32", ["N", 2]), new Uint8Array(9)],
    ["a row of two open sizes", model("uint8", ["N", "a", "b"]), new Uint8Array(1)],
    ["half an element", model("float32", ["N", "a"]), new Uint8Array(3)],
    ["text that is not UTF-8", model("string", ["N"]), Uint8Array.of(0xff)],
    ["anything for a model of no input", { inputs: [], batching: "rows" }, new Uint8Array(1)],
    [
      "anything for a model of two inputs",
      {
        inputs: ["a", "b"].map((name) => ({ name, dtype: "uint8", shape: ["N"] }) as const),
        batching: "rows",
      },
      new Uint8Array(1),
    ],
  ])("refuses %s", (_, of, body) => {
    expect(errorOf(() => openInferenceRaw(body, of, isImage)).code).toBe("INVALID_ARGUMENT");
  });
});
