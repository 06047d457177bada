import { describe, expect, test } from "vitest";
import { allocate, DTYPES, INTEGER_DTYPES, isDType } from "../../../src/tensor/dtype.ts";

describe("allocate", () => {
  test.each(DTYPES)("gives zeroed elements of %s", (dtype) => {
    const data = allocate(dtype, 3);
    expect(data).toHaveLength(3);
    expect(Array.from(data, Number)).toEqual([0, 0, 0]);
  });

  test.each([
    ["float16", 2],
    ["bool", 1],
    ["int64", 8],
    ["uint16", 2],
    ["float64", 8],
  ] as const)("holds an element of %s in %d bytes", (dtype, bytes) => {
    expect(allocate(dtype, 1)).toHaveProperty("byteLength", bytes);
  });

  test("gives empty strings for string", () => {
    expect(allocate("string", 2)).toEqual(["", ""]);
  });
});

describe("isDType", () => {
  test("knows every type of the list and no other", () => {
    expect(DTYPES.every(isDType)).toBe(true);
    expect(["bfloat16", "complex64", "int4", "", "toString"].some(isDType)).toBe(false);
  });
});

describe("INTEGER_DTYPES", () => {
  test("holds the types whose elements are whole numbers, bool not among them", () => {
    expect(DTYPES.filter((dtype) => INTEGER_DTYPES.has(dtype))).toEqual([
      "int8",
      "int16",
      "int32",
      "int64",
      "uint8",
      "uint16",
      "uint32",
      "uint64",
    ]);
  });
});
