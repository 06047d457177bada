import { describe, expect, test } from "vitest";
import { ServingError, StartupError } from "../../../src/errors.ts";
import type { RunOutcome, Session } from "../../../src/runtime/session.ts";
import { SessionLanes } from "../../../src/runtime/session-lanes.ts";
import { settle } from "../../support/puppet-runner.ts";

const FEED = { kind: "whole", feeds: {} } as const;

/** A lane whose runs end, and whose thread dies and comes back, when the test says so. */
class PuppetLane implements Session {
  readonly info;
  restored: Promise<unknown> | undefined;
  running = 0;
  isClosed = false;
  #end: { resolve: (outcome: RunOutcome) => void; reject: (error: Error) => void } | undefined;
  #comeBack: { resolve: (value?: unknown) => void; reject: (error: Error) => void } | undefined;
  readonly #number: number;

  constructor(number: number) {
    this.#number = number;
    this.info = { inputs: [], outputs: [], provider: "cpu", providerWarning: `of ${number}` } as const;
  }

  run(): Promise<RunOutcome> {
    this.running += 1;
    return new Promise((resolve, reject) => {
      this.#end = { resolve, reject };
    });
  }

  /** The run ends; its outcome tells the lane. */
  finish(): Promise<void> {
    this.running -= 1;
    this.#end?.resolve({ rows: [], computeInferMs: this.#number });
    return settle();
  }

  /** The thread dies, and with it what it runs. */
  die(): Promise<void> {
    this.restored = new Promise((resolve, reject) => {
      this.#comeBack = { resolve, reject };
    });
    this.restored.catch(() => {});
    if (this.running > 0) this.running -= 1;
    this.#end?.reject(new ServingError("INFERENCE_FAILED", "died"));
    return settle();
  }

  /** Another thread has loaded the model. */
  comeBack(): Promise<void> {
    this.restored = undefined;
    this.#comeBack?.resolve();
    return settle();
  }

  /** No other thread can. */
  giveUp(): Promise<void> {
    this.#comeBack?.reject(new StartupError(`lane ${this.#number} gave up`));
    return settle();
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function setUp() {
  const a = new PuppetLane(1);
  const b = new PuppetLane(2);
  const lanes = new SessionLanes([a, b]);
  /** Runs, and returns what became of it so far: the lane that ran, or the error's message. */
  const run = async () => {
    const state: { outcome?: number | string } = {};
    lanes.run(FEED).then(
      ({ computeInferMs }) => {
        state.outcome = computeInferMs;
      },
      (error: Error) => {
        state.outcome = error.message;
      },
    );
    await settle();
    return state;
  };
  const running = () => [a.running, b.running];
  return { a, b, lanes, run, running };
}

describe("SessionLanes", () => {
  test("tells what the first session's model declares, and how many there are", () => {
    const { a, lanes } = setUp();
    expect(lanes.info).toBe(a.info);
    expect([lanes.count, lanes.live]).toEqual([2, 2]);
  });

  test("runs two batches side by side when they come in the same moment", async () => {
    const { a, b, lanes, running } = setUp();
    const both = Promise.all([lanes.run(FEED), lanes.run(FEED)]);
    await settle();
    expect(running()).toEqual([1, 1]);
    await b.finish();
    await a.finish();
    expect((await both).map(({ computeInferMs }) => computeInferMs)).toEqual([1, 2]);
  });

  test("gives the lane that is free the next batch, the other still running", async () => {
    const { b, run, running } = setUp();
    await run();
    await run();
    await b.finish();
    const third = await run();
    expect(running()).toEqual([1, 1]);
    await b.finish();
    expect(third.outcome).toBe(2);
  });

  test("lets a third batch wait until a lane is free", async () => {
    const { b, run, running } = setUp();
    await run();
    await run();
    const third = await run();
    expect(running()).toEqual([1, 1]);
    await b.finish();
    expect(running()).toEqual([1, 1]);
    await b.finish();
    expect(third.outcome).toBe(2);
  });

  test("lets one of two waiting batches wait on when one lane becomes free", async () => {
    const { b, run, running } = setUp();
    await run();
    await run();
    const waiting = [await run(), await run()];
    await b.finish();
    expect(running()).toEqual([1, 1]);
    await b.finish();
    await b.finish();
    expect(waiting.map(({ outcome }) => outcome)).toEqual([2, 2]);
  });

  test("gives two waiting batches a lane each when both become free at once", async () => {
    const { a, b, run, running } = setUp();
    for (let i = 0; i < 4; i++) await run();
    await Promise.all([a.finish(), b.finish()]);
    expect(running()).toEqual([1, 1]);
  });

  test("fails the batch of the lane that dies, and not the other's", async () => {
    const { a, b, run, lanes } = setUp();
    const [first, second] = [await run(), await run()];
    await a.die();
    expect([first.outcome, second.outcome]).toEqual(["died", undefined]);
    expect(lanes.live).toBe(1);
    await b.finish();
    expect(second.outcome).toBe(2);
  });

  test("gives a lane without a thread no batch while another can take it", async () => {
    const { a, b, run, running } = setUp();
    await a.die();
    await run();
    const waits = await run();
    expect(running()).toEqual([0, 1]);
    await b.finish();
    expect(running()).toEqual([0, 1]);
    await b.finish();
    expect(waits.outcome).toBe(2);
  });

  test("lets a batch wait for the first thread that is there again, when all are lost", async () => {
    const { a, b, run, running, lanes } = setUp();
    await a.die();
    await b.die();
    expect(lanes.live).toBe(0);
    const waits = await run();
    expect(waits.outcome).toBeUndefined();
    await b.comeBack();
    expect(running()).toEqual([0, 1]);
    expect(lanes.live).toBe(1);
  });

  test("serves on with the other lane when one gave up", async () => {
    const { a, b, run, running } = setUp();
    await a.die();
    await a.giveUp();
    await run();
    const waits = await run();
    expect(waits.outcome).toBeUndefined();
    await b.finish();
    expect(running()).toEqual([0, 1]);
  });

  test("rejects with the reason when all lanes gave up", async () => {
    const { a, b, run } = setUp();
    await a.die();
    await b.die();
    const waits = await run();
    await b.giveUp();
    expect(waits.outcome).toBeUndefined();
    await a.giveUp();
    expect(waits.outcome).toBe("lane 1 gave up");
    expect((await run()).outcome).toBe("lane 1 gave up");
  });

  test("closes all lanes", async () => {
    const { a, b, lanes } = setUp();
    await lanes.close();
    expect([a.isClosed, b.isClosed]).toEqual([true, true]);
  });
});
