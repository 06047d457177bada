import { describe, expect, test } from "vitest";
import { toValue } from "../../../src/image-workers/to-value.ts";
import { isTensor } from "../../../src/tensor/tensor.ts";
import { written } from "../protocol/written.ts";

/** An object in itself. */
const circle: { inner?: unknown } = {};
circle.inner = [circle];

describe("toValue", () => {
  test.each<[string, unknown, string]>([
    ["null, a boolean, text", [null, true, "é"], '[null,true,"é"]'],
    ["numbers outside of JSON", [Number.NaN, Number.POSITIVE_INFINITY, 0.1], "[null,null,0.1]"],
    ["a float32 in its shortest form", Float32Array.of(0.1, Number.NaN), "[0.1,null]"],
    ["the part that a view shows", Float32Array.of(1, 2, 3).subarray(1, 2), "[2.0]"],
    ["bytes", Buffer.from([1, 255]), "[1,255]"],
    ["clamped bytes", Uint8ClampedArray.of(300), "[255]"],
    [
      "64-bit integers",
      { a: 2n ** 63n - 1n, b: 2n ** 64n - 1n, c: -(2n ** 63n) },
      '{"a":9223372036854775807,"b":18446744073709551615,"c":-9223372036854775808}',
    ],
    ["a tensor", { shape: [2, 1], data: Int32Array.of(-1, 2) }, "[[-1],[2]]"],
    ["a tensor with its type", { dtype: "int64", shape: [1], data: BigInt64Array.of(7n) }, "[7]"],
    ["a half-precision output", { dtype: "float16", shape: [], data: Float32Array.of(0.5) }, "0.5"],
    ["booleans", { dtype: "bool", shape: [2], data: Uint8Array.of(0, 1) }, "[false,true]"],
    ["strings", { dtype: "string", shape: [1, 1], data: ["a"] }, '[["a"]]'],
    ["a tensor inside", { mask: [{ shape: [0, 2], data: new Uint8Array() }] }, '{"mask":[[]]}'],
    ["shape and data that are no tensor", { shape: [1], data: [5] }, '{"shape":[1],"data":[5]}'],
    ["what JSON.stringify leaves out", { a: undefined, b: [undefined] }, '{"b":[null]}'],
    ["a date", new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ])("takes %s", async (_, returned, json) => {
    expect(await written(toValue(returned))).toBe(json);
  });

  test.each<[string, unknown, RegExp]>([
    ["nothing", undefined, /returned nothing/],
    ["a function", { a: [() => 1] }, /^the answer\.a\[0\] is a function/],
    ["a symbol", Symbol("s"), /^the answer is a symbol/],
    ["a Map", { a: new Map() }, /^the answer\.a is a Map/],
    ["an object of a class", new (class Box {})(), /^the answer is a Box/],
    ["a DataView", new DataView(new ArrayBuffer(1)), /is a DataView/],
    ["an object in itself", circle, /nests more than 64 levels, or holds itself/],
    [
      "a shape of another size",
      { shape: [2], data: Uint8Array.of(1) },
      /has 1 elements, but its shape is \[2\]/,
    ],
    ["a shape that is none", { shape: "2", data: Uint8Array.of(1) }, /its shape is none of whole numbers/],
    ["a tensor without a typed array", { dtype: "uint8", shape: [1], data: "AA==" }, /no typed array/],
    ["a BigInt of 65 bits", 2n ** 64n, /more than 64 bits/],
  ])("refuses %s, and names the place", (_, returned, message) => {
    expect(() => toValue(returned)).toThrow(message);
  });

  test("copies, so that a hook may use its memory again", () => {
    const own = Float32Array.of(1);
    const value = toValue({ shape: [1], data: own });
    own[0] = 2;
    expect(isTensor(value) && value.data[0]).toBe(1);
    const bytes = Buffer.from([1]);
    const copy = toValue(bytes);
    bytes[0] = 2;
    expect(isTensor(copy) && copy.data[0]).toBe(1);
  });
});
