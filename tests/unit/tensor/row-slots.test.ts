import { describe, expect, test } from "vitest";
import { allocateIn, rowSlots } from "../../../src/tensor/row-slots.ts";

describe("rowSlots", () => {
  test("gives each row memory of its own", () => {
    const rows = rowSlots(3, 12).map((slot) => allocateIn(slot, "float32", 3) as Float32Array);
    rows.forEach((row, i) => {
      row.fill(i + 1);
    });
    expect(rows.map((row) => [...row])).toEqual([
      [1, 1, 1],
      [2, 2, 2],
      [3, 3, 3],
    ]);
  });
});

describe("allocateIn", () => {
  test("gives the slot as it was left, to any type of its length", () => {
    const [slot] = rowSlots(1, 8);
    const data = allocateIn(slot, "uint8", 8) as Uint8Array;
    data.set([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(allocateIn(slot, "uint8", 8)).toEqual(data);
    expect(allocateIn(slot, "float32", 2).length).toBe(2);
    expect((allocateIn(slot, "float16", 4) as Uint16Array).buffer).toBe(slot?.memory);
  });

  test.each([
    ["no slot", undefined],
    ["a longer slot", rowSlots(1, 16)[0]],
    ["a shorter slot", rowSlots(1, 4)[0]],
  ])("gives zeros of its own for %s", (_, slot) => {
    const data = allocateIn(slot, "float32", 2) as Float32Array;
    expect(data).toEqual(new Float32Array(2));
    expect(data.buffer).toBeInstanceOf(ArrayBuffer);
  });
});
