import { describe, expect, test } from "vitest";
import { recycledMemory } from "../../../src/tensor/recycled-memory.ts";

describe("recycledMemory", () => {
  test("gives the same memory again where it is enough", () => {
    const memory = recycledMemory();
    const first = memory("float32", 6) as Float32Array;
    const second = memory("float32", 4) as Float32Array;
    expect(second).toHaveLength(4);
    expect(second.buffer).toBe(first.buffer);
    expect(memory("float32", 6)).toEqual(first);
  });

  test.each([
    ["a longer array", "float32", 7],
    ["another type", "int32", 6],
  ] as const)("allocates for %s", (_, dtype, length) => {
    const memory = recycledMemory();
    const first = memory("float32", 6) as Float32Array;
    const second = memory(dtype, length) as Float32Array;
    expect(second).toHaveLength(length);
    expect(second.buffer).not.toBe(first.buffer);
  });

  test("keeps no strings", () => {
    const memory = recycledMemory();
    expect(memory("string", 2)).not.toBe(memory("string", 2));
  });
});
