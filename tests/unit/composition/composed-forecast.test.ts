import { describe, expect, test } from "vitest";
import { composeForecast } from "../../../src/composition/composed-forecast.ts";
import { FanOut } from "../../../src/composition/fan-out.ts";
import type { Demand } from "../../../src/serving/admission.ts";

/** A model that takes `rowMs` for a row, and says what was asked of it. */
function puppet(rowMs: number) {
  const calls: string[] = [];
  const forecast = {
    waitMs: ({ rows }: Demand) => rows * rowMs,
    finishMs: (rows: number) => rows * rowMs,
    enter: ({ rows }: Demand) => {
      calls.push(`enter ${rows}`);
      return {
        rowAdded: () => void calls.push("added"),
        rowEnded: () => void calls.push("ended"),
        leave: () => void calls.push("left"),
      };
    },
    hold: () => {
      calls.push("held");
      return () => void calls.push("let go");
    },
  };
  return { forecast, calls };
}

describe("composeForecast", () => {
  test("waits for the slowest model, at as many crops as images had of late", () => {
    const fanOut = new FanOut();
    const forecast = composeForecast([
      { forecast: puppet(10).forecast },
      { forecast: puppet(3).forecast, fanOut },
    ]);
    expect(forecast.waitMs({ rows: 2, deadlineMs: 0 })).toBe(20);
    fanOut.add(8);
    expect([forecast.waitMs({ rows: 2, deadlineMs: 0 }), forecast.finishMs(1)]).toEqual([48, 24]);
  });

  test("enters the models that run once for each image, and keeps all", () => {
    const [detector, classifier] = [puppet(1), puppet(1)];
    const forecast = composeForecast([
      { forecast: detector.forecast },
      { forecast: classifier.forecast, fanOut: new FanOut() },
    ]);
    const entry = forecast.enter({ rows: 3, deadlineMs: 0 });
    entry.rowAdded(0);
    entry.rowEnded();
    entry.leave();
    forecast.hold?.()();
    expect(detector.calls).toEqual(["enter 3", "added", "ended", "left", "held", "let go"]);
    expect(classifier.calls).toEqual(["held", "let go"]);
  });
});

describe("FanOut", () => {
  test("follows the latest images slowly, from the first one on", () => {
    const fanOut = new FanOut();
    expect(fanOut.crops).toBe(1);
    fanOut.add(4);
    expect(fanOut.crops).toBe(4);
    for (let i = 0; i < 32; i++) fanOut.add(0);
    expect(fanOut.crops).toBeGreaterThan(1);
    expect(fanOut.crops).toBeLessThan(2);
  });
});
