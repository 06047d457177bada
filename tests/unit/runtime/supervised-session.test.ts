import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ServingError, StartupError } from "../../../src/errors.ts";
import type { Session } from "../../../src/runtime/session.ts";
import { SupervisedSession, type SupervisedSessionOptions } from "../../../src/runtime/supervised-session.ts";
import { settle } from "../../support/puppet-runner.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
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
  readonly #onExit: () => void;
  readonly loaded: Promise<Session>;
  #settleLoad: { resolve: (session: Session) => void; reject: (error: Error) => void } | undefined;

  constructor(number: number, onExit: () => void) {
    this.#number = number;
    this.#onExit = onExit;
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
    this.#onExit();
    this.#settleLoad?.reject(new StartupError("the inference worker ended"));
  }

  async run() {
    if (this.isDead) throw new ServingError("INFERENCE_FAILED", "died");
    return { rows: [], computeInferMs: this.#number };
  }

  async close() {
    this.isClosed = true;
    this.#onExit();
  }
}

async function setUp(options: Partial<SupervisedSessionOptions> = {}) {
  const threads: Thread[] = [];
  const events: string[] = [];
  const starting = SupervisedSession.start({
    start: (onExit) => {
      const thread = new Thread(threads.length + 1, onExit);
      threads.push(thread);
      return thread.loaded;
    },
    observer: {
      lost: () => events.push("lost"),
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
  /** The youngest thread has loaded the model. */
  const load = async () => {
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

const GAVE_UP = "gave up: the inference worker died 3 times in 60 s";

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
    const deathsMs: number[] = [];
    const a = await setUp({ deathsMs });
    const b = await setUp({ deathsMs });
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
    await vi.advanceTimersByTimeAsync(59_998);
    await dieAndLoad();
    await vi.advanceTimersByTimeAsync(1);
    await die();
    expect(events.at(-1)).toBe(GAVE_UP);
  });

  test("takes other limits", async () => {
    const { events, dieAndLoad, die } = await setUp({ maxDeaths: 2, windowMs: 1000 });
    await dieAndLoad();
    await vi.advanceTimersByTimeAsync(1000);
    await dieAndLoad();
    await vi.advanceTimersByTimeAsync(999);
    await die();
    expect(events.at(-1)).toBe("gave up: the inference worker died 2 times in 1 s");
  });

  test("counts a thread that dies while it loads as a death, and starts the next", async () => {
    const { threads, events, die, load, answerer } = await setUp();
    await die();
    await die();
    expect(events).toEqual(["lost", "lost"]);
    expect(threads).toHaveLength(3);
    await load();
    expect(events).toEqual(["lost", "lost", "restored"]);
    expect(await answerer()).toBe(3);
  });

  test("gives up once when threads go on dying while they load", async () => {
    const { threads, events, die } = await setUp();
    await die();
    await die();
    await die();
    expect(events).toEqual(["lost", "lost", "lost", GAVE_UP]);
    expect(threads).toHaveLength(3);
  });

  test("gives up with the reason when the new thread can't load the model", async () => {
    const { threads, events, die } = await setUp();
    await die();
    threads.at(-1)?.refuse(new StartupError("model.onnx is gone"));
    await settle();
    expect(events).toEqual(["lost", "gave up: model.onnx is gone"]);
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
