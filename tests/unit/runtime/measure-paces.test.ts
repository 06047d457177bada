import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { measurePaces } from "../../../src/runtime/measure-paces.ts";
import type { Session } from "../../../src/runtime/session.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A session whose runs take the milliseconds of the script, the last of them again and again. */
function scripted(...script: number[]) {
  const runs: number[] = [];
  const session: Session = {
    info: { inputs: [], outputs: [], provider: "cpu" },
    run: async () => {
      const runMs = script[Math.min(runs.length, script.length - 1)] ?? Number.NaN;
      runs.push(runMs);
      await new Promise((resolve) => setTimeout(resolve, runMs));
      return { rows: [], computeInferMs: 0 };
    },
    close: async () => {},
  };
  return { session, runs };
}

const makeFeed = () => ({ kind: "whole", feeds: {} }) as const;

async function measure(...groups: Session[][]) {
  return measureBeside(groups);
}

async function measureBeside(groups: Session[][], beside?: () => Promise<unknown>) {
  const paces = measurePaces({ groups, makeFeed, beside });
  await vi.advanceTimersByTimeAsync(10_000);
  return paces;
}

describe("measurePaces", () => {
  test("gives the runs a second of a session", async () => {
    expect(await measure([scripted(10).session])).toEqual([100]);
  });

  test("adds up sessions that run side by side", async () => {
    expect(await measure([scripted(10).session, scripted(10).session])).toEqual([200]);
  });

  test("takes a round of one run for a session whose runs are longer than a round", async () => {
    const { session, runs } = scripted(100);
    expect(await measure([session])).toEqual([10]);
    expect(runs).toHaveLength(1 + 5);
  });

  test("does not count the first run", async () => {
    expect(await measure([scripted(5000, 10).session])).toEqual([100]);
  });

  test("takes the best round: what else the machine does makes others slower", async () => {
    // Uncounted, a round of 40 ms, one of 2 x 20 ms and one of 4 x 10 ms.
    expect(await measure([scripted(1, 40, 20, 20, 10).session])).toEqual([100]);
  });

  test("lets groups take turns, never at the same time", async () => {
    const order: string[] = [];
    const named = (name: string): Session => {
      const { session } = scripted(40);
      const run: Session["run"] = (feed) => {
        order.push(name);
        return session.run(feed);
      };
      return { ...session, run };
    };
    await measure([named("a")], [named("b")]);
    expect(order).toEqual(Array.from({ length: 1 + 5 }, () => ["a", "b"]).flat());
  });

  test("does what goes beside a run with each run that it counts, and waits for it", async () => {
    const { session, runs } = scripted(10);
    let works = 0;
    const beside = () => {
      works += 1;
      return new Promise((resolve) => setTimeout(resolve, 20));
    };
    expect(await measureBeside([[session]], beside)).toEqual([50]);
    expect(works).toBe(runs.length - 1);
  });
});
