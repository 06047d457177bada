import { describe, expect, test } from "vitest";
import { BatchScheduler } from "../../../src/batching/batch-scheduler.ts";
import { DeviceTurns, type EndTurn, type TurnTaker } from "../../../src/batching/device-turns.ts";
import { settle } from "../../support/puppet-runner.ts";

/** Takers by name; `order` says whose turn came, and `end` ends the one that runs longest. */
function setUp(devices?: number) {
  const turns = new DeviceTurns(devices);
  const order: string[] = [];
  const running: { readonly name: string; readonly end: EndTurn }[] = [];
  const join = (name: string, { share = 1, batchMs = 10, flow = {} as object } = {}) => {
    const taker = turns.join({ flow, share: () => share, batchMs: () => batchMs });
    const start = (end: EndTurn) => {
      order.push(name);
      running.push({ name, end });
    };
    const take = () => {
      const end = taker.take(start);
      if (end !== undefined) start(end);
    };
    return { ...taker, take };
  };
  const end = () => running.shift()?.end();
  return { join, end, order, running: () => running.map(({ name }) => name) };
}

describe("DeviceTurns", () => {
  test("gives a turn at once while nobody else runs", () => {
    const { join, order, end } = setUp();
    const a = join("a");
    a.take();
    end();
    a.take();
    expect(order).toEqual(["a", "a"]);
  });

  test("gives one turn of each, however many one asks for", () => {
    const { join, order, end } = setUp();
    const [busy, other] = [join("busy"), join("other")];
    for (let i = 0; i < 4; i++) busy.take();
    other.take();
    other.take();
    for (let i = 0; i < 6; i++) end();
    expect(order).toEqual(["busy", "busy", "other", "busy", "other", "busy"]);
  });

  test("counts takers of one flow as one", () => {
    const { join, order, end } = setUp();
    const flow = {};
    const [one, two, other] = [join("v1", { flow }), join("v2", { flow }), join("other")];
    one.take();
    one.take();
    two.take();
    one.take();
    other.take();
    other.take();
    for (let i = 0; i < 6; i++) end();
    expect(order).toEqual(["v1", "v1", "other", "v2", "other", "v1"]);
  });

  test("runs as many side by side as fill the device, and lets nobody pass who waits for all of it", () => {
    const { join, running, end } = setUp();
    const [small, large] = [join("small", { share: 1 / 3 }), join("large")];
    for (let i = 0; i < 3; i++) small.take();
    expect(running()).toEqual(["small", "small", "small"]);
    large.take();
    end();
    small.take();
    expect(running()).toEqual(["small", "small"]);
    end();
    end();
    expect(running()).toEqual(["large"]);
    end();
    expect(running()).toEqual(["small"]);
  });

  test("runs one batch on each of several devices", () => {
    const { join, running } = setUp(2);
    const [a, b] = [join("a"), join("b")];
    a.take();
    b.take();
    b.take();
    expect(running()).toEqual(["a", "b"]);
  });

  test("hands a turn on that is given back at once, and takes no other twice", () => {
    const turns = new DeviceTurns();
    const taker = () => turns.join({ flow: {}, share: () => 1, batchMs: () => 0 });
    const end = taker().take(() => {});
    taker().take((none) => none());
    let came = 0;
    taker().take(() => {
      came += 1;
    });
    end?.();
    end?.();
    expect(came).toBe(1);
    expect(taker().take(() => {})).toBeUndefined();
  });

  test("tells what the others' next batches take, each flow's once, on all devices together", () => {
    const { join } = setUp(2);
    const [a, b, c] = [join("a"), join("b", { batchMs: 40 }), join("c", { batchMs: 30, share: 1 / 3 })];
    expect(a.othersMs()).toBe(0);
    for (let i = 0; i < 3; i++) {
      b.take();
      c.take();
    }
    expect(a.othersMs()).toBe((40 + 10) / 2);
    expect(b.othersMs()).toBe(5);
  });
});

describe("BatchScheduler on a shared device", () => {
  /** A scheduler of a model whose batches run until they are ended. */
  function model(turns: TurnTaker, canRun?: () => boolean) {
    const batches: { readonly rows: readonly string[]; readonly end: () => void }[] = [];
    const scheduler = new BatchScheduler<string, string>({
      maxBatchSize: () => 2,
      lanes: 1,
      turns,
      ...(canRun === undefined ? {} : { canRun }),
      runBatch: (rows) =>
        new Promise((resolve) => {
          batches.push({ rows, end: () => resolve(rows) });
        }),
    });
    const enqueue = async (...rows: string[]) => {
      const controller = new AbortController();
      const task = scheduler.openTask({ signal: controller.signal, deadlineMs: performance.now() + 60_000 });
      for (const row of rows) task.enqueue(row, "same").catch(() => {});
      await settle();
      return controller;
    };
    const end = async (index: number) => {
      batches[index]?.end();
      await settle();
    };
    return { scheduler, enqueue, end, started: () => batches.map(({ rows }) => rows.join(" ")) };
  }

  const joinAll = (count: number) => {
    const turns = new DeviceTurns();
    return Array.from({ length: count }, () => turns.join({ flow: {}, share: () => 1, batchMs: () => 0 }));
  };

  test("runs a batch of each model in turn, and a batch grows until its turn has come", async () => {
    const [one, two] = joinAll(2) as [TurnTaker, TurnTaker];
    const [busy, other] = [model(one), model(two)];
    await busy.enqueue("a1", "a2", "a3", "a4", "a5", "a6");
    await other.enqueue("b1");
    await other.enqueue("b2");
    expect([busy.started(), other.started()]).toEqual([["a1 a2"], []]);
    await busy.end(0);
    // The other's first turn: the busy one has had its own.
    expect([busy.started(), other.started()]).toEqual([["a1 a2"], ["b1 b2"]]);
    await other.end(0);
    expect(busy.started()).toEqual(["a1 a2", "a3 a4"]);
  });

  test("gives back a turn that comes when its rows are gone", async () => {
    const [one, two, three] = joinAll(3) as [TurnTaker, TurnTaker, TurnTaker];
    const [first, gone, last] = [model(one), model(two), model(three)];
    await first.enqueue("a1");
    const controller = await gone.enqueue("b1");
    await last.enqueue("c1");
    controller.abort(new Error("left"));
    await first.end(0);
    expect([gone.started(), last.started()]).toEqual([[], ["c1"]]);
    await last.end(0);
    await gone.enqueue("b2");
    expect(gone.started()).toEqual(["b2"]);
  });

  test("takes no turn while it can't run, and goes on when it can", async () => {
    const [one, two] = joinAll(2) as [TurnTaker, TurnTaker];
    let canRun = false;
    const lost = model(one, () => canRun);
    const other = model(two);
    await lost.enqueue("a1");
    await other.enqueue("b1");
    expect([lost.started(), other.started()]).toEqual([[], ["b1"]]);
    canRun = true;
    lost.scheduler.resume();
    await other.end(0);
    expect(lost.started()).toEqual(["a1"]);
  });
});
