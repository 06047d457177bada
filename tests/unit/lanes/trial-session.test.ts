import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DeviceTurns } from "../../../src/batching/device-turns.ts";
import { warmUp } from "../../../src/trial-run.ts";
import { TrialSession } from "../../../src/trial-session.ts";
import { doublingSession } from "../../support/fake-session.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";
import { settle } from "../../support/puppet-runner.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const makeRow = () => ({ x: tensor("float32", [], [1]) });
const FEED = { kind: "rows", rows: [makeRow()], batchSize: 1 } as const;

/** A trial beside a model that serves, which takes turns with `serve`. */
function setUp() {
  const turns = new DeviceTurns();
  const join = () => turns.join({ flow: {}, share: () => 1, batchMs: () => 0 });
  const puppet = doublingSession();
  const [trial, serving] = [new TrialSession(puppet, join()), join()];
  const serve = (): (() => void) => {
    const end = serving.take(() => {});
    if (end === undefined) throw new Error("the device is taken");
    return end;
  };
  return { puppet, trial, serve };
}

describe("TrialSession", () => {
  test("waits for its turn, and tells how long it did", async () => {
    const { puppet, trial, serve } = setUp();
    const end = serve();
    const run = trial.run(FEED);
    await settle();
    expect(puppet.runs).toEqual([]);
    vi.advanceTimersByTime(30);
    end();
    expect((await run).waitedMs).toBe(30);
    expect(puppet.runs).toEqual([1]);
  });

  test("gives its turn back when the run ends, and when it fails", async () => {
    const { puppet, trial, serve } = setUp();
    await trial.run(FEED);
    serve()();
    vi.spyOn(puppet, "run").mockRejectedValueOnce(new Error("died"));
    await expect(trial.run(FEED)).rejects.toThrow("died");
    serve()();
  });

  test("takes no turns once it serves", async () => {
    const { puppet, trial, serve } = setUp();
    serve();
    trial.serve();
    await trial.run(FEED);
    expect(puppet.runs).toEqual([1]);
  });

  test("is measured without its waits", async () => {
    const { puppet, trial, serve } = setUp();
    const doubles = puppet.run.bind(puppet);
    vi.spyOn(puppet, "run").mockImplementation((feed) => {
      vi.advanceTimersByTime(10);
      return doubles(feed);
    });
    const tried = { run: trial.run.bind(trial), info: trial.info, close: () => trial.close() };
    vi.spyOn(tried, "run").mockImplementation(async (feed) => {
      const end = serve();
      const run = trial.run(feed);
      vi.advanceTimersByTime(500);
      end();
      return run;
    });
    const plan = await warmUp({ session: tried, batching: { kind: "rows" }, makeRow, maxBatchSize: 1 });
    expect(plan.batchTimings).toEqual([{ batchSize: 1, runMs: 10 }]);
  });
});
