import { describe, expect, test } from "vitest";
import { readImage, readImageInstance } from "../../../src/protocol/parse-image.ts";
import { errorOf } from "./error-of.ts";

const WHERE = "instances[3]";
const SIX = { b64: Buffer.from([0, 1, 2, 3, 4, 5]).toString("base64") };
const BYTES = Uint8Array.of(0, 1, 2, 3, 4, 5);

function instance(
  value: unknown,
  inputs: readonly string[] = ["pixels"],
  dialect: "analyze" | "tfs" = "tfs",
) {
  const isInput = (name: string) => inputs.includes(name);
  return readImageInstance(value, WHERE, { imageInput: "pixels", dialect, isInput });
}

describe("readImageInstance", () => {
  const array = { ...SIX, shape: [1, 2, 3], dtype: "uint8", layout: "HWC" };
  const read = { bytes: BYTES, array: { shape: [1, 2, 3], dtype: "uint8", layout: "HWC" } };

  test.each([
    ["under image_bytes", { image_bytes: array }],
    ["under the input's name", { pixels: array }],
    ["bare", array],
    ["with a key", { key: [7], ...array }],
    ["with NumPy's name of the type", { ...array, dtype: "|u1" }],
  ])("takes a raw array %s", (_, value) => {
    expect(instance(value)).toEqual(read);
    expect(instance(value, ["pixels"], "analyze")).toEqual(read);
  });

  test("takes an array for bytes of any layout where it says no more than its shape", () => {
    expect(instance({ ...SIX, shape: [2, 3] })).toEqual({
      bytes: BYTES,
      array: { shape: [2, 3], dtype: "uint8" },
    });
  });

  test("takes an encoded image with nothing but base64", () => {
    expect(instance({ image_bytes: SIX })).toEqual({ bytes: BYTES });
    expect(instance(SIX)).toEqual({ bytes: BYTES });
  });

  test.each([
    ["an unknown key beside the array", { ...array, band: 3 }],
    ["a shape without bytes", { shape: [1, 2, 3] }],
    ["bytes that are no text", { ...array, b64: 5 }],
  ])("refuses %s", (_, value) => {
    expect(errorOf(() => instance(value))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/^instances\[3\]: expected \{"image_bytes": /),
    });
  });

  test("leaves names that are inputs of the model to its tensors", () => {
    expect(instance(array, ["b64", "shape", "dtype", "layout"])).toBeUndefined();
  });
});

describe("readImage", () => {
  test.each([
    [
      "no shape",
      { ...SIX, dtype: "uint8" },
      "b.shape: expected [height, width, bands], [bands, height, width] or [height, width], got null",
    ],
    [
      "one axis",
      { ...SIX, shape: [6] },
      "b.shape: expected [height, width, bands], [bands, height, width] or [height, width], got [6]",
    ],
    ["four axes", { ...SIX, shape: [1, 1, 2, 3] }, /^b\.shape: expected .*, got \[1,1,2,3\]$/],
    ["an axis of 0", { ...SIX, shape: [0, 2, 3] }, /^b\.shape: .*, got \[0,2,3\]$/],
    ["an axis below 0", { ...SIX, shape: [-1, -2, 3] }, /^b\.shape: /],
    ["half an axis", { ...SIX, shape: [1.5, 2, 2] }, /^b\.shape: /],
    ["an axis of text", { ...SIX, shape: ["1", 2, 3] }, /^b\.shape: /],
    [
      "an unknown type",
      { ...SIX, shape: [1, 2, 3], dtype: "int64" },
      'b.dtype: expected uint8, int8, uint16, int16, uint32, int32, float16, float32, float64, got "int64"',
    ],
    ["a type that is no text", { ...SIX, shape: [1, 2, 3], dtype: 8 }, /^b\.dtype: expected .*, got 8$/],
    ["no type but null", { ...SIX, shape: [1, 2, 3], dtype: null }, /^b\.dtype: expected .*, got null$/],
    [
      "a big-endian type",
      { ...SIX, shape: [1, 1, 3], dtype: ">u2" },
      /got ">u2"; send little-endian numbers: array\.astype\("<u2"\)$/,
    ],
    [
      "an unknown layout",
      { ...SIX, shape: [1, 2, 3], layout: "NCHW" },
      'b.layout: expected HWC or CHW, got "NCHW"',
    ],
    [
      "too few bytes",
      { ...SIX, shape: [256, 256, 6], dtype: "uint16" },
      "b: expected 786432 bytes for [256, 256, 6] uint16, got 6",
    ],
    ["too many bytes", { ...SIX, shape: [1, 5] }, "b: expected 5 bytes for [1, 5] uint8, got 6"],
    [
      "a shape of more bytes than there are numbers",
      { ...SIX, shape: [2 ** 53 - 1, 2 ** 53 - 1, 3] },
      /^b: expected \S+ bytes for \[9007199254740991, .*, got 6$/,
    ],
  ])("refuses an array with %s", (_, value, message) => {
    expect(errorOf(() => readImage(value, "b", { dialect: "tfs" }))).toEqual({
      code: "INVALID_ARGUMENT",
      message: typeof message === "string" ? message : expect.stringMatching(message),
    });
  });

  test("says where the base64 of an array is wrong", () => {
    expect(errorOf(() => readImage({ b64: "aGVs!G8=", shape: [1, 5] }, "b", { dialect: "analyze" }))).toEqual(
      {
        code: "INVALID_BASE64",
        message: "b.b64: expected base64, got '!' at offset 4",
      },
    );
  });
});
