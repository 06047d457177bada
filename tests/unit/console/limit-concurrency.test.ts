import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { limitConcurrency } from "../../../src/console/limit-concurrency.ts";

describe("limitConcurrency", () => {
  test("runs so many at once, in order, whatever becomes of them", async () => {
    const inTurn = limitConcurrency(2);
    const started: number[] = [];
    const ends: ((fails: boolean) => void)[] = [];
    const all = Array.from({ length: 5 }, (_, i) =>
      inTurn(
        () =>
          new Promise<number>((resolve, reject) => {
            started.push(i);
            ends.push((fails) => (fails ? reject(new Error(`${i}`)) : resolve(i)));
          }),
      ).catch((error: Error) => error.message),
    );
    expect(started).toEqual([0, 1]);
    ends[1]?.(true);
    await setImmediate();
    expect(started).toEqual([0, 1, 2]);
    ends[0]?.(false);
    ends[2]?.(false);
    // One that comes when a place is given over does not take it.
    const late = inTurn(async () => started.push(99));
    await setImmediate();
    expect(started).toEqual([0, 1, 2, 3, 4]);
    ends[3]?.(false);
    ends[4]?.(false);
    await late;
    expect(await Promise.all(all)).toEqual([0, "1", 2, 3, 4]);
    expect(started.at(-1)).toBe(99);
  });
});
