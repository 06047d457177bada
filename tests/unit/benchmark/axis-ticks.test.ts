import { describe, expect, test } from "vitest";
import { axisTicks } from "../../../benchmark/plots/axis-ticks.ts";

describe("axisTicks", () => {
  test.each([
    [0, 63, [0, 20, 40, 60]],
    [0, 10, [0, 2, 4, 6, 8, 10]],
    [0, 0.3, [0, 0.1, 0.2, 0.3]],
    [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  ])("are round from %d to %d", (min, max, ticks) => {
    expect(axisTicks({ kind: "linear", min, max })).toEqual(ticks);
  });

  test.each([
    [18, 700, [20, 50, 100, 200, 500]],
    [0.4, 3, [0.5, 1, 2]],
  ])("are 1, 2 and 5 times powers of ten on a log scale from %d to %d", (min, max, ticks) => {
    expect(axisTicks({ kind: "log", min, max })).toEqual(ticks);
  });
});
