import { describe, expect, test } from "vitest";
import { QueueWork, type QueueWorkOptions } from "../../../src/tiles/queue-work.ts";
import type { QueueMessage, TileQueue } from "../../../src/tiles/tile-queue.ts";
import type { TileResult, TileSink } from "../../../src/tiles/tile-sink.ts";
import type { TileOutcome, TileTask } from "../../../src/tiles/tile-task.ts";

class FakeQueue implements TileQueue {
  readonly removed: string[] = [];
  readonly hidden: [ids: string, seconds: number][] = [];
  /** Ids that can't be removed. */
  stuck: ReadonlySet<string> = new Set();
  readonly #batches: QueueMessage[][];

  constructor(...batches: readonly (readonly string[])[]) {
    let next = 0;
    this.#batches = batches.map((bodies) =>
      bodies.map((body) => ({ id: `m${next++}`, receipt: `r${next}`, body })),
    );
  }

  async receive(signal: AbortSignal): Promise<readonly QueueMessage[]> {
    const batch = this.#batches.shift();
    if (batch !== undefined) return batch;
    // A long poll that brings nothing.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    return [];
  }

  async remove(messages: readonly QueueMessage[]): Promise<readonly QueueMessage[]> {
    this.removed.push(...messages.filter(({ id }) => !this.stuck.has(id)).map(({ id }) => id));
    return messages.filter(({ id }) => this.stuck.has(id));
  }

  async hide(messages: readonly QueueMessage[], seconds: number): Promise<void> {
    this.hidden.push([messages.map(({ id }) => id).join(" "), seconds]);
  }

  close(): void {}
}

class FakeSink implements TileSink {
  readonly written: TileResult[] = [];
  refuses = false;

  async write(results: readonly TileResult[]) {
    this.written.push(...results);
    const refusal = { code: "NOT_STORED", message: "" };
    return new Map(this.refuses ? results.map((_, i) => [i, refusal] as const) : []);
  }

  async sync(): Promise<number> {
    return 0;
  }

  async finish(): Promise<void> {}

  async close(): Promise<void> {}
}

const BODY = '{"x": 1, "y": 2, "z": 3}';
const never = new AbortController().signal;

function workOn(queue: FakeQueue, options: Partial<QueueWorkOptions> = {}) {
  const sink = new FakeSink();
  const troubles: string[] = [];
  const onTrouble = (reason: string) => troubles.push(reason);
  const work = new QueueWork({
    queue,
    sinks: [sink],
    visibilitySeconds: 60,
    untilEmpty: true,
    onTrouble,
    ...options,
  });
  return { work, sink, troubles };
}

async function allTasks(work: QueueWork): Promise<TileTask<QueueMessage>[]> {
  const tasks: TileTask<QueueMessage>[] = [];
  for await (const task of work.tasks(never, never)) {
    tasks.push(task);
    await work.settle([predicted(task)]);
  }
  return tasks;
}

function predicted(task: TileTask<QueueMessage>): TileOutcome<QueueMessage> {
  return { task, kind: "predicted", tile: { x: 1, y: 2, z: 3 }, prediction: "7" };
}

async function take(
  tasks: AsyncGenerator<TileTask<QueueMessage>>,
  count: number,
): Promise<TileTask<QueueMessage>[]> {
  const taken: TileTask<QueueMessage>[] = [];
  for (let i = 0; i < count; i++) taken.push((await tasks.next()).value as TileTask<QueueMessage>);
  return taken;
}

describe("QueueWork", () => {
  test("reads chip-n-scale's messages and names, and says which message is no tile", async () => {
    const { work } = workOn(new FakeQueue([BODY, "1-2-3"], ["[1, 2, 3]", "no tile"]));
    const tiles = (await allTasks(work)).map(({ tile }) => tile);
    expect(tiles.slice(0, 3)).toEqual(Array(3).fill({ x: 1, y: 2, z: 3 }));
    expect(tiles[3]).toMatchObject({ code: "INVALID_TILE" });
  });

  test("removes messages whose results are written, and leaves those that failed", async () => {
    const queue = new FakeQueue([BODY, BODY, BODY]);
    const { work, sink } = workOn(queue);
    const [first, second, third] = (await take(work.tasks(never, never), 3)) as [
      TileTask<QueueMessage>,
      TileTask<QueueMessage>,
      TileTask<QueueMessage>,
    ];
    const failure = { code: "MISSING", message: "" };
    const failed = await work.settle([
      predicted(first),
      { task: second, kind: "failed", failure },
      { task: third, kind: "blank" },
    ]);
    expect(queue.removed).toEqual(["m0", "m2"]);
    expect(sink.written.length).toBe(1);
    expect(failed).toMatchObject([{ text: BODY, failure }]);
    expect(work.counts).toEqual({ predicted: 1, blank: 1, failed: 1 });
  });

  test("leaves a message whose result is refused", async () => {
    const queue = new FakeQueue([BODY]);
    const { work, sink } = workOn(queue);
    sink.refuses = true;
    await allTasks(work);
    expect(queue.removed).toEqual([]);
    expect(work.counts.failed).toBe(1);
  });

  test("leaves every message when nothing can be written", async () => {
    const queue = new FakeQueue([BODY]);
    const { work, sink } = workOn(queue);
    sink.write = () => Promise.reject(new Error("the disk is full"));
    await expect(allTasks(work)).rejects.toThrow("the disk is full");
    expect(queue.removed).toEqual([]);
  });

  test("says what could not be removed, and goes on", async () => {
    const queue = new FakeQueue([BODY, BODY]);
    queue.stuck = new Set(["m0"]);
    const { work, troubles } = workOn(queue);
    await allTasks(work);
    expect(queue.removed).toEqual(["m1"]);
    expect(troubles.length).toBe(1);
  });

  test("gives back what it has not begun when it is told to stop", async () => {
    const queue = new FakeQueue([BODY, BODY, BODY]);
    const { work } = workOn(queue);
    const stop = new AbortController();
    const tasks = work.tasks(stop.signal, never);
    await take(tasks, 1);
    stop.abort();
    expect(await tasks.next()).toMatchObject({ done: true });
    expect(queue.hidden).toEqual([["m1 m2", 0]]);
  });

  test("receives nothing more when it is told to stop while it waits", async () => {
    const { work } = workOn(new FakeQueue(), { untilEmpty: false });
    const stop = new AbortController();
    const ended = work.tasks(stop.signal, never).next();
    stop.abort();
    expect(await ended).toMatchObject({ done: true });
  });

  test("hides what is under way again after half of its time, and no longer", async () => {
    const queue = new FakeQueue([BODY, BODY]);
    const ending = new AbortController();
    const slept: number[] = [];
    const wakes: (() => void)[] = [];
    const clock = {
      nowMs: () => 0,
      wallMs: () => 0,
      sleep: (ms: number, signal: AbortSignal) => {
        slept.push(ms);
        return new Promise<void>((resolve, reject) => {
          wakes.push(resolve);
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      },
    };
    const { work } = workOn(queue, { clock });
    const [first] = await take(work.tasks(never, never), 2);
    const hiding = work.keepHidden(ending.signal);
    wakes[0]?.();
    await settled();
    await work.settle([predicted(first as TileTask<QueueMessage>)]);
    wakes[1]?.();
    await settled();
    ending.abort();
    await hiding;
    expect(slept).toEqual([30_000, 30_000, 30_000]);
    expect(queue.hidden).toEqual([
      ["m0 m1", 60],
      ["m1", 60],
    ]);
  });

  test("puts up with a queue that can't hide messages", async () => {
    const queue = new FakeQueue([BODY]);
    queue.hide = () => Promise.reject(new Error("throttled"));
    const ending = new AbortController();
    let sleeps = 0;
    const clock = {
      nowMs: () => 0,
      wallMs: () => 0,
      sleep: async (_: number, signal: AbortSignal) => {
        sleeps += 1;
        if (sleeps > 2) ending.abort(new Error("over"));
        signal.throwIfAborted();
      },
    };
    const { work, troubles } = workOn(queue, { clock });
    await work.keepHidden(ending.signal);
    expect(troubles.length).toBe(2);
  });
});

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
