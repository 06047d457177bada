import { describe, expect, test } from "vitest";
import { PixelBudget } from "../../../src/composition/pixel-budget.ts";
import { settle } from "../../support/puppet-runner.ts";

const open = () => new AbortController().signal;

/** Holds bytes, and says whether it may. */
function hold(budget: PixelBudget, bytes: number, signal: AbortSignal = open()) {
  const state: { release?: () => void; error?: unknown } = {};
  budget.hold(bytes, signal).then(
    (release) => {
      state.release = release;
    },
    (error) => {
      state.error = error;
    },
  );
  return state;
}

describe("PixelBudget", () => {
  test("lets in what fits, and the rest in their order as bytes are given back", async () => {
    const budget = new PixelBudget(10);
    const holds = [6, 4, 5, 1].map((bytes) => hold(budget, bytes));
    await settle();
    expect(holds.map(({ release }) => release !== undefined)).toEqual([true, true, false, false]);
    holds[0]?.release?.();
    holds[0]?.release?.();
    await settle();
    expect([budget.bytes, holds.map(({ release }) => release !== undefined)]).toEqual([
      10,
      [true, true, true, true],
    ]);
  });

  test("lets in what is larger than all of it, alone", async () => {
    const budget = new PixelBudget(10);
    const [small, large, next] = [hold(budget, 1), hold(budget, 50), hold(budget, 1)];
    await settle();
    expect([large?.release, next?.release]).toEqual([undefined, undefined]);
    small?.release?.();
    await settle();
    expect([budget.bytes, next?.release]).toEqual([50, undefined]);
    large?.release?.();
    await settle();
    expect(budget.bytes).toBe(1);
  });

  test("forgets who gave up, and lets in those behind", async () => {
    const budget = new PixelBudget(10);
    const controller = new AbortController();
    const [, large, small] = [hold(budget, 8), hold(budget, 9, controller.signal), hold(budget, 2)];
    await settle();
    expect(small?.release).toBeUndefined();
    controller.abort(new Error("gone"));
    await settle();
    expect([large?.error, small?.release !== undefined, budget.bytes]).toEqual([new Error("gone"), true, 10]);
  });

  test("holds nothing for who is gone already, and keeps what one who leaves later has", async () => {
    const budget = new PixelBudget(10);
    expect(hold(budget, 1, AbortSignal.abort(new Error("gone"))).release).toBeUndefined();
    const controller = new AbortController();
    const [first, second] = [hold(budget, 10), hold(budget, 5, controller.signal)];
    await settle();
    first?.release?.();
    await settle();
    controller.abort();
    expect([second?.error, budget.bytes]).toEqual([undefined, 5]);
  });
});
