import { describe, expect, test } from "vitest";
import { DATATYPE_OF, findDatatype } from "../../../src/protocol/open-inference-datatype.ts";
import { DTYPES } from "../../../src/tensor/dtype.ts";

describe("findDatatype", () => {
  test("finds every type by its name in the protocol", () => {
    expect(Object.keys(DATATYPE_OF)).toEqual([...DTYPES]);
    for (const dtype of DTYPES) expect(findDatatype(DATATYPE_OF[dtype])).toBe(dtype);
  });

  test.each(["BF16", "FLOAT", "fp32", "TYPE_FP32", ""])("knows no %s", (name) => {
    expect(findDatatype(name)).toBeUndefined();
  });
});
