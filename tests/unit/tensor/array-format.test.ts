import { describe, expect, test } from "vitest";
import { ARRAY_DTYPES, arrayItemBytes, findArrayDType } from "../../../src/tensor/array-format.ts";
import { ITEM_BYTES } from "../../support/raw-array.ts";

describe("findArrayDType", () => {
  test.each([
    ["uint8", "uint8"],
    ["|u1", "uint8"],
    ["i1", "int8"],
    ["<u2", "uint16"],
    ["<i2", "int16"],
    ["u4", "uint32"],
    ["<i4", "int32"],
    ["<f2", "float16"],
    ["<f4", "float32"],
    ["f8", "float64"],
  ])("knows %s as %s", (name, dtype) => {
    expect(findArrayDType(name)).toBe(dtype);
  });

  test.each([">u2", "|u2", "int64", "<u8", "bool", "uint", "", "toString", "U2"])("knows no %s", (name) => {
    expect(findArrayDType(name)).toBeUndefined();
  });
});

describe("arrayItemBytes", () => {
  test.each(ARRAY_DTYPES)("counts those of %s", (dtype) => {
    expect(arrayItemBytes(dtype)).toBe(ITEM_BYTES[dtype]);
  });
});
