import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readRawElements, readRawTensor, writeRawTensor } from "../../../src/protocol/raw-tensor.ts";
import { DTYPES, type DType, type TensorData } from "../../../src/tensor/dtype.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { errorOf } from "./error-of.ts";

const where = "inputs[0]";

const ELEMENTS: Readonly<Record<DType, fc.Arbitrary<TensorData>>> = {
  float32: fc.float32Array(),
  float64: fc.float64Array(),
  float16: fc.uint16Array(),
  int8: fc.int8Array(),
  int16: fc.int16Array(),
  int32: fc.int32Array(),
  int64: fc.bigInt64Array(),
  uint8: fc.uint8Array(),
  uint16: fc.uint16Array(),
  uint32: fc.uint32Array(),
  uint64: fc.bigUint64Array(),
  bool: fc.uint8Array({ max: 1 }),
  string: fc.array(fc.string({ unit: "binary" })),
};

describe("readRawTensor and writeRawTensor", () => {
  test.each(DTYPES)("give %s back as it was, from any offset", (dtype) => {
    fc.assert(
      fc.property(ELEMENTS[dtype], fc.nat(9), (data, offset) => {
        const tensor: Tensor = { dtype, shape: [data.length], data };
        const written = writeRawTensor(tensor);
        const body = Buffer.concat([Buffer.alloc(offset), written]);
        const read = readRawTensor({ bytes: body.subarray(offset), dtype, shape: [data.length], where });
        expect(read).toEqual(tensor);
      }),
    );
  });

  test("write numbers little-endian, a bool as a byte, a string after its length", () => {
    const hex = (tensor: Tensor) => Buffer.from(writeRawTensor(tensor)).toString("hex");
    expect(hex({ dtype: "int32", shape: [2], data: Int32Array.of(1, -2) })).toBe("01000000feffffff");
    expect(hex({ dtype: "float16", shape: [1], data: Uint16Array.of(0x3c00) })).toBe("003c");
    expect(hex({ dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) })).toBe("0100");
    expect(hex({ dtype: "string", shape: [2], data: ["é", ""] })).toBe("02000000c3a900000000");
    expect(hex({ dtype: "int64", shape: [1], data: BigInt64Array.of(-(2n ** 63n)) })).toBe(
      "0000000000000080",
    );
  });

  test("write bytes that are no text as a string's", () => {
    const data = [Uint8Array.of(0xff, 0xd8)];
    expect(writeRawTensor({ dtype: "bytes", shape: [1], data })).toEqual(Buffer.from("02000000ffd8", "hex"));
  });

  test("write a view without the rest of its memory", () => {
    const data = Float32Array.of(1, 2, 3).subarray(1, 2);
    expect(writeRawTensor({ dtype: "float32", shape: [1], data })).toHaveLength(4);
  });

  test("copy what they read", () => {
    const bytes = Uint8Array.of(7);
    const { data } = readRawTensor({ bytes, dtype: "uint8", shape: [1], where });
    bytes[0] = 8;
    expect(data).toEqual(Uint8Array.of(7));
  });

  test.each<[string, DType, number[], string]>([
    ["too few bytes", "float32", [2], "00000000"],
    ["too many bytes", "float32", [1], "0000000000"],
    ["more elements than memory has", "float32", [2 ** 40, 2 ** 40], "00"],
    ["a bool of 2", "bool", [2], "0102"],
    ["a length that is cut off", "string", [1], "010000"],
    ["a string that is cut off", "string", [1], "0200000041"],
    ["too few strings", "string", [2], "0100000041"],
    ["too many strings", "string", [1], "00000000" + "00000000"],
    ["a string that is not UTF-8", "string", [1], "01000000ff"],
  ])("refuse %s", (_, dtype, shape, hex) => {
    const read = () => readRawTensor({ bytes: Buffer.from(hex, "hex"), dtype, shape, where });
    expect(errorOf(read)).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/^inputs\[0\]: /),
    });
  });
});

describe("readRawElements", () => {
  test("gives each element memory of its own, that can be transferred", () => {
    const elements = readRawElements(
      Buffer.from("01000000ff0200000041420000000000000000", "hex").subarray(0, 15),
      3,
      where,
    );
    expect(elements.map((one) => Buffer.from(one).toString("hex"))).toEqual(["ff", "4142", ""]);
    expect(elements.map(({ buffer }) => buffer.byteLength)).toEqual([1, 2, 0]);
  });
});
