import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DoneRanges } from "../../../src/tiles/done-ranges.ts";

describe("DoneRanges", () => {
  test("knows what was added, in whatever order, and holds the fewest ranges", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 })), (positions) => {
        const done = new DoneRanges();
        for (const position of positions) done.add(position);
        const wanted = new Set(positions);
        const all = Array.from({ length: 42 }, (_, i) => i);
        expect(all.filter((i) => done.has(i))).toEqual(all.filter((i) => wanted.has(i)));
        expect(done.size).toBe(wanted.size);
        expect(done.ranges.length).toBe(all.filter((i) => wanted.has(i) && !wanted.has(i - 1)).length);
      }),
    );
  });

  test("goes on with ranges that were written", () => {
    const done = new DoneRanges([
      [0, 3],
      [5, 6],
    ]);
    done.add(4);
    done.add(3);
    expect(done.ranges).toEqual([[0, 6]]);
  });
});
