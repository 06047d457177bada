import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { WorkWindow } from "../../../src/serving/work-window.ts";

describe("WorkWindow", () => {
  test("lets in as many as it is large, and the next when one leaves", async () => {
    const window = new WorkWindow(2);
    await window.enter();
    await window.enter();
    let isIn = false;
    const third = window.enter().then(() => {
      isIn = true;
    });
    await setImmediate();
    expect(isIn).toBe(false);
    window.leave();
    await third;
    expect(isIn).toBe(true);
  });

  test("is empty when the last one has left", async () => {
    const window = new WorkWindow(2);
    await window.enter();
    await window.enter();
    let isEmpty = false;
    const empty = window.empty().then(() => {
      isEmpty = true;
    });
    window.leave();
    await setImmediate();
    expect(isEmpty).toBe(false);
    window.leave();
    await empty;
    expect(isEmpty).toBe(true);
  });
});
