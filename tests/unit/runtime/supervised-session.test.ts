import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ServingError, StartupError } from "../../../src/errors.ts";
import { LossLimit, type ThreadLoss } from "../../../src/runtime/loss-limit.ts";
import type { Session } from "../../../src/runtime/session.ts";
import { SupervisedSession, type SupervisedSessionOptions } from "../../../src/runtime/supervised-session.ts";
import { settle } from "../../support/puppet-runner.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const FEED = { kind: "whole", feeds: {} } as const;

/** A session that says which thread it is, and is told when to load and when to die. */
class Thread implements Session {
  readonly info = { inputs: [], outputs: [], provider: "cpu" } as const;
  isClosed = false;
  isDead = false;
  readonly #number: number;
  readonly #onLost: (loss: ThreadLoss) => void;
  readonly loaded: Promise<Session>;
  #settleLoad: { resolve: (session: Session) => void; reject: (error: Error) => void } | undefined;

  constructor(number: number, onLost: (loss: ThreadLoss) => void) {
    this.#number = number;
    this.#onLost = onLost;
    this.loaded = new Promise((resolve, reject) => {
      this.#settleLoad = { resolve, reject };
    });
  }

  load(): void {
    this.#settleLoad?.resolve(this);
  }

  /** The model can't be loaded: the thread says why and is ended by who started it. */
  refuse(reason: StartupError): void {
    this.#settleLoad?.reject(reason);
  }

  /** The thread ends, perhaps while it loads. */
  die(): void {
    this.isDead = true;
    this.#onLost("died");
    this.#settleLoad?.reject(new StartupError("the inference worker ended"));
  }

  /** Its run does not end. */
  hang(): void {
    this.isDead = true;
    this.#onLost("hung");
  }

  async run() {
    if (this.isDead) throw new ServingError("INFERENCE_FAILED", "died");
    return { rows: [], computeInferMs: this.#number };
  }

  async close() {
    this.isClosed = true;
    this.#onLost("died");
  }
}

async function setUp(options: Partial<SupervisedSessionOptions> = {}) {
  const threads: Thread[] = [];
  const events: string[] = [];
  const starting = SupervisedSession.start({
    start: (onLost) => {
      const thread = new Thread(threads.length + 1, onLost);
      threads.push(thread);
      return thread.loaded;
    },
    observer: {
      lost: (loss) => events.push(loss === "died" ? "lost" : loss),
      restored: () => events.push("restored"),
      gaveUp: ({ message }) => events.push(`gave up: ${message}`),
    },
    ...options,
  });
  threads[0]?.load();
  const session = await starting;
  /** The youngest thread dies. */
  const die = async () => {
    threads.at(-1)?.die();
    await settle();
  };
  /** The youngest thread has loaded the model, when it has been started. */
  const load = async () => {
    if (threads.at(-1)?.isDead) await vi.advanceTimersByTimeAsync(1000);
    threads.at(-1)?.load();
    await settle();
  };
  const dieAndLoad = async () => {
    await die();
    await load();
  };
  /** Which thread answers. */
  const answerer = async () => (await session.run(FEED)).computeInferMs;
  return { session, threads, events, die, load, dieAndLoad, answerer };
}

const GAVE_UP = "gave up: the inference worker was lost 3 times in 60 s";

describe("SupervisedSession", () => {
  test("runs on the first thread and tells what its model declares", async () => {
    const { session, answerer, events } = await setUp();
    expect(session.info).toEqual({ inputs: [], outputs: [], provider: "cpu" });
    expect(await answerer()).toBe(1);
    expect(events).toEqual([]);
  });

  test("rejects the start when the first thread can't load, without trying again", async () => {
    const start = vi.fn(async () => Promise.reject(new StartupError("no model")));
    const observer = { lost: vi.fn(), restored: vi.fn(), gaveUp: vi.fn() };
    await expect(SupervisedSession.start({ start, observer })).rejects.toThrow("no model");
    expect(start).toHaveBeenCalledTimes(1);
    expect(observer.gaveUp).not.toHaveBeenCalled();
  });

  test("starts another thread when one dies, and says when it is lost and restored", async () => {
    const { threads, events, die, load, answerer } = await setUp();
    await die();
    expect(events).toEqual(["lost"]);
    expect(threads).toHaveLength(2);
    await load();
    expect(events).toEqual(["lost", "restored"]);
    expect(await answerer()).toBe(2);
  });

  test("lets a run wait for the new thread", async () => {
    const { die, load, answerer } = await setUp();
    await die();
    const answered = vi.fn();
    const answer = answerer().then(answered);
    await settle();
    expect(answered).not.toHaveBeenCalled();
    await load();
    await answer;
    expect(answered).toHaveBeenCalledWith(2);
  });

  test("gives up at the third death in a minute", async () => {
    const { threads, events, dieAndLoad, die, session } = await setUp();
    await dieAndLoad();
    await dieAndLoad();
    await die();
    expect(events.at(-1)).toBe(GAVE_UP);
    expect(threads).toHaveLength(3);
    await expect(session.run(FEED)).rejects.toThrow(StartupError);
  });

  test("says that it is lost from a death until another thread has loaded the model", async () => {
    const { session, die, load } = await setUp();
    expect(session.restored).toBeUndefined();
    await die();
    const restored = session.restored;
    expect(restored).toBeInstanceOf(Promise);
    await load();
    expect(session.restored).toBeUndefined();
    await expect(restored).resolves.toBeDefined();
  });

  test("is lost already when it says so", async () => {
    let session: SupervisedSession | undefined;
    const lost: boolean[] = [];
    const observer = {
      lost: () => lost.push(session?.restored !== undefined),
      restored: () => {},
      gaveUp: () => {},
    };
    const started = await setUp({ observer });
    session = started.session;
    await started.die();
    expect(lost).toEqual([true]);
  });

  test("stays lost, with the reason, after it gave up", async () => {
    const { session, dieAndLoad, die } = await setUp();
    await dieAndLoad();
    await dieAndLoad();
    await die();
    await expect(session.restored).rejects.toThrow(StartupError);
  });

  test("gives up at the third death of all sessions that share their deaths", async () => {
    const limit = new LossLimit();
    const a = await setUp({ limit });
    const b = await setUp({ limit });
    await a.dieAndLoad();
    await b.dieAndLoad();
    expect([...a.events, ...b.events]).toEqual(["lost", "restored", "lost", "restored"]);
    await a.die();
    expect(a.events.at(-1)).toBe(GAVE_UP);
    expect(await b.answerer()).toBe(2);
  });

  test("counts the deaths of the last minute only", async () => {
    const { events, dieAndLoad, answerer } = await setUp();
    for (let i = 0; i < 5; i++) {
      await dieAndLoad();
      await vi.advanceTimersByTimeAsync(30_001);
    }
    expect(events.filter((event) => event !== "lost" && event !== "restored")).toEqual([]);
    expect(await answerer()).toBe(6);
  });

  test("gives up when the third death comes just within the window of the first", async () => {
    const { events, dieAndLoad, die } = await setUp();
    await dieAndLoad();
    await vi.advanceTimersByTimeAsync(58_998);
    // Takes a second.
    await dieAndLoad();
    await vi.advanceTimersByTimeAsync(1);
    await die();
    expect(events.at(-1)).toBe(GAVE_UP);
  });

  test("takes other limits", async () => {
    const { events, dieAndLoad, die } = await setUp({
      limit: new LossLimit({ maxLosses: 2, windowMs: 1000 }),
    });
    await dieAndLoad();
    await vi.advanceTimersByTimeAsync(1000);
    await dieAndLoad();
    await vi.advanceTimersByTimeAsync(999);
    await die();
    expect(events.at(-1)).toBe("gave up: the inference worker was lost 2 times in 1 s");
  });

  test("counts a thread that dies while it loads as a death, and starts the next", async () => {
    const { threads, events, die, load, answerer } = await setUp();
    await die();
    await die();
    expect(events).toEqual(["lost", "lost"]);
    await load();
    expect(threads).toHaveLength(3);
    expect(events).toEqual(["lost", "lost", "restored"]);
    expect(await answerer()).toBe(3);
  });

  test("gives up once when threads go on dying while they load", async () => {
    const { threads, events, die } = await setUp();
    await die();
    await die();
    await vi.advanceTimersByTimeAsync(1000);
    await die();
    expect(events).toEqual(["lost", "lost", "lost", GAVE_UP]);
    expect(threads).toHaveLength(3);
  });

  test("starts the first new thread at once, and later ones after a time that doubles", async () => {
    const { threads, die } = await setUp({ limit: new LossLimit({ maxLosses: 9 }) });
    await die();
    expect(threads).toHaveLength(2);
    for (const [waitMs, count] of [
      [1000, 3],
      [2000, 4],
      [4000, 5],
    ] as const) {
      await die();
      await vi.advanceTimersByTimeAsync(waitMs - 1);
      expect(threads).toHaveLength(count - 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(threads).toHaveLength(count);
    }
  });

  test("starts no thread that waits when it is closed, and does not call that a failure", async () => {
    const { session, threads, events, dieAndLoad, die } = await setUp();
    await dieAndLoad();
    await die();
    await session.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(threads).toHaveLength(2);
    expect(events).toEqual(["lost", "restored", "lost"]);
  });

  test("gives up with the reason when the new thread can't load the model", async () => {
    const { threads, events, die } = await setUp();
    await die();
    threads.at(-1)?.refuse(new StartupError("model.onnx is gone"));
    await settle();
    expect(events).toEqual(["lost", "gave up: model.onnx is gone"]);
  });

  test("starts another thread when one hangs, and leaves that one alone", async () => {
    const { session, threads, events, load, answerer } = await setUp();
    threads[0]?.hang();
    await load();
    expect(events).toEqual(["hung", "restored"]);
    expect(await answerer()).toBe(2);
    await session.close();
    expect(threads.map(({ isClosed }) => isClosed)).toEqual([false, true]);
  });

  test("gives up when a second thread hangs, however much later and on whichever lane", async () => {
    const limit = new LossLimit();
    const [a, b] = [await setUp({ limit }), await setUp({ limit })];
    a.threads[0]?.hang();
    await a.load();
    await vi.advanceTimersByTimeAsync(86_400_000);
    b.threads[0]?.hang();
    expect(b.events).toEqual([
      "hung",
      "gave up: 2 runs did not end within RUN_TIMEOUT_MS, and can't be ended",
    ]);
    expect(b.threads).toHaveLength(1);
  });

  test("gives up when a new thread does not load the model within a minute", async () => {
    const { session, threads, events, die, load } = await setUp();
    await die();
    await vi.advanceTimersByTimeAsync(59_999);
    expect(events).toEqual(["lost"]);
    await vi.advanceTimersByTimeAsync(1);
    const gaveUp = "gave up: a new inference worker did not load the model within 60000 ms";
    expect(events).toEqual(["lost", gaveUp]);
    await load();
    expect(events).toEqual(["lost", gaveUp]);
    expect(threads).toHaveLength(2);
    await expect(session.run(FEED)).rejects.toThrow(StartupError);
  });

  test("lets a new thread take ten times what the first took to load", async () => {
    const threads: Thread[] = [];
    const observer = { lost: vi.fn(), restored: vi.fn(), gaveUp: vi.fn() };
    const starting = SupervisedSession.start({
      start: (onLost) => {
        const thread = new Thread(threads.length + 1, onLost);
        threads.push(thread);
        return thread.loaded;
      },
      observer,
    });
    await vi.advanceTimersByTimeAsync(20_000);
    threads[0]?.load();
    await starting;
    threads[0]?.die();
    await vi.advanceTimersByTimeAsync(199_999);
    expect(observer.gaveUp).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(observer.gaveUp).toHaveBeenCalledTimes(1);
  });

  test("does not count its own end as a death", async () => {
    const { session, threads, events } = await setUp();
    await session.close();
    expect(threads.map(({ isClosed }) => isClosed)).toEqual([true]);
    expect(events).toEqual([]);
  });

  test("closes the thread that is being started", async () => {
    const { session, threads, die, load } = await setUp();
    await die();
    const closed = session.close();
    await load();
    await closed;
    expect(threads.map(({ isClosed }) => isClosed)).toEqual([false, true]);
  });

  test("closes without an error after it gave up", async () => {
    const { session, dieAndLoad, die } = await setUp();
    await dieAndLoad();
    await dieAndLoad();
    await die();
    await expect(session.close()).resolves.toBeUndefined();
  });
});
