import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countPacked, readPacked, writePacked } from "../../../../src/grpc/wire/packed-numbers.ts";
import { errorOf } from "../../protocol/error-of.ts";

describe("readPacked", () => {
  test("reads back every 64-bit integer", () => {
    const property = fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (list) => {
      const numbers = BigInt64Array.from(list);
      expect(readPacked("int64", [writePacked(numbers)])).toEqual(numbers);
    });
    fc.assert(property);
  });

  test("reads back every 32-bit integer", () => {
    const property = fc.property(fc.array(fc.integer()), (list) => {
      const numbers = Int32Array.from(list);
      const bytes = writePacked(numbers);
      expect(readPacked("int32", [bytes])).toEqual(numbers);
      expect(countPacked("int32", [bytes])).toBe(list.length);
    });
    fc.assert(property);
  });

  test("writes a negative number of 32 bits in ten bytes, as protobuf does", () => {
    expect(writePacked(Int32Array.of(-1))).toEqual(Uint8Array.from([...new Array(9).fill(0xff), 0x01]));
  });

  test("reads elements in the order of their chunks, aligned or not", () => {
    const bytes = new Uint8Array(Buffer.concat([Buffer.of(9), Buffer.from(Float32Array.of(1, 2).buffer)]));
    const chunks = [bytes.subarray(1, 5), bytes.subarray(5)];
    expect(readPacked("float", chunks)).toEqual(Float32Array.of(1, 2));
  });

  test.each<["float" | "double" | "int64", number[]]>([
    ["float", [0, 0, 0]],
    ["double", [0, 0, 0, 0]],
    ["int64", [0x80]],
    ["int64", [...new Array(10).fill(0xff), 0x01]],
  ])("refuses a broken list of %s", (type, bytes) => {
    expect(errorOf(() => readPacked(type, [Uint8Array.from(bytes)])).code).toBe("INVALID_ARGUMENT");
  });
});
