import { describe, expect, test } from "vitest";
import {
  ARRAY_DTYPES,
  arrayItemBytes,
  findArrayDType,
  isArrayShape,
} from "../../../src/tensor/array-format.ts";
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

describe("isArrayShape", () => {
  test.each([[[1, 2]], [[3, 2, 1]]])("takes %j", (shape) => {
    expect(isArrayShape(shape)).toBe(true);
  });

  test.each([[[2]], [[1, 2, 3, 4]], [[0, 2]], [[1.5, 2]], [["1", 2]], ["12"], [null]])(
    "refuses %j",
    (value) => {
      expect(isArrayShape(value)).toBe(false);
    },
  );
});

describe("arrayItemBytes", () => {
  test.each(ARRAY_DTYPES)("counts those of %s", (dtype) => {
    expect(arrayItemBytes(dtype)).toBe(ITEM_BYTES[dtype]);
  });
});
