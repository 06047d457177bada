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

  test("keeps what it has, and nothing that is larger than its bound", () => {
    const memory = recycledMemory(8);
    const kept = memory("uint8", 8) as Uint8Array;
    const larger = memory("uint8", 9) as Uint8Array;
    expect((memory("uint8", 9) as Uint8Array).buffer).not.toBe(larger.buffer);
    expect((memory("uint8", 2) as Uint8Array).buffer).toBe(kept.buffer);
  });

  test("keeps no strings", () => {
    const memory = recycledMemory();
    expect(memory("string", 2)).not.toBe(memory("string", 2));
  });
});
