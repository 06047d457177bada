import { describe, expect, test } from "vitest";
import { ServingError, StartupError } from "../../../src/errors.ts";
import type { Feed, RunOutcome, Session } from "../../../src/runtime/session.ts";
import { DeviceLoad, SessionLanes } from "../../../src/runtime/session-lanes.ts";
import { settle } from "../../support/puppet-runner.ts";

const FEED = { kind: "whole", feeds: {} } as const;
const ONE_ROW = { kind: "rows", rows: [{}], batchSize: 1 } as const;
const TWO_ROWS = { kind: "rows", rows: [{}, {}], batchSize: 2 } as const;

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
  const lanes = new SessionLanes({ lanes: [a, b] });
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

  test("rejects with NOT_READY and the reason when all lanes gave up", async () => {
    const { a, b, run, lanes } = setUp();
    await a.die();
    await b.die();
    const waits = await run();
    await b.giveUp();
    expect(waits.outcome).toBeUndefined();
    await a.giveUp();
    expect(waits.outcome).toBe("no inference worker is left");
    expect((await run()).outcome).toBe("no inference worker is left");
    await expect(lanes.run(FEED)).rejects.toMatchObject({
      code: "NOT_READY",
      cause: { message: "lane 1 gave up" },
    });
  });

  test("closes all lanes", async () => {
    const { a, b, lanes } = setUp();
    await lanes.close();
    expect([a.isClosed, b.isClosed]).toEqual([true, true]);
  });
});

describe("SessionLanes, with a wide session", () => {
  function setUpWide() {
    const [a, b, wide] = [new PuppetLane(1), new PuppetLane(2), new PuppetLane(3)] as const;
    const lanes = new SessionLanes({ lanes: [a, b], wide });
    const start = async (feed: Feed) => {
      const outcome = lanes.run(feed);
      outcome.catch(() => {});
      await settle();
      return { outcome };
    };
    return { a, b, wide, lanes, start, running: () => [a.running, b.running, wide.running] };
  }

  test("gives it a row that comes when nothing runs, and lets the lanes begin when that has ended", async () => {
    const { wide, start, running } = setUpWide();
    const alone = await start(ONE_ROW);
    const next = await start(TWO_ROWS);
    expect(running()).toEqual([0, 0, 1]);
    await wide.finish();
    expect(running()).toEqual([1, 0, 0]);
    expect(await alone.outcome).toMatchObject({ computeInferMs: 3, wasWide: true });
    expect(next.outcome).toBeInstanceOf(Promise);
  });

  test("gives a lane what comes when another runs, and several rows", async () => {
    const { a, b, start, running } = setUpWide();
    const pair = await start(TWO_ROWS);
    await start(ONE_ROW);
    expect(running()).toEqual([1, 1, 0]);
    await a.finish();
    await b.finish();
    expect(await pair.outcome).toMatchObject({ computeInferMs: 1, wasWide: false });
    await start({ kind: "whole", feeds: {} });
    expect(running()).toEqual([1, 0, 0]);
  });

  test("gives a lane what comes while the wide session's thread is replaced", async () => {
    const { wide, start, running } = setUpWide();
    await wide.die();
    await start(ONE_ROW);
    expect(running()).toEqual([1, 0, 0]);
  });

  test("closes it with the lanes, and does not count it", async () => {
    const { a, b, wide, lanes } = setUpWide();
    expect([lanes.count, lanes.live]).toEqual([2, 2]);
    await lanes.close();
    expect([a, b, wide].every(({ isClosed }) => isClosed)).toBe(true);
  });
});

describe("SessionLanes of models that share GPUs", () => {
  test("run where the fewest runs are under way, whosever they are", async () => {
    const load = new DeviceLoad();
    const model = () => {
      const lanes = [new PuppetLane(0), new PuppetLane(1)] as const;
      return { lanes, session: new SessionLanes({ lanes, shared: { load, devices: [0, 1] } }) };
    };
    const running = (one: ReturnType<typeof model>) => one.lanes.map((lane) => lane.running);
    const [a, b] = [model(), model()];
    const runs = [a.session.run(FEED), b.session.run(FEED)];
    expect([running(a), running(b)]).toEqual([
      [1, 0],
      [0, 1],
    ]);
    await a.lanes[0].finish();
    runs.push(b.session.run(FEED), a.session.run(FEED));
    expect([running(a), running(b)]).toEqual([
      [1, 0],
      [1, 1],
    ]);
    await Promise.all([a.lanes[0].finish(), b.lanes[0].finish(), b.lanes[1].finish()]);
    await Promise.all(runs);
    expect([load.runsOn(0), load.runsOn(1)]).toEqual([0, 0]);
  });
});
