import { describe, expect, test, vi } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import { LaneStarter } from "../../../src/lane-starter.ts";
import type { Session, SessionPlace } from "../../../src/runtime/session.ts";
import { settle } from "../../support/puppet-runner.ts";

const place = (lane: number): SessionPlace => ({ lane, device: "cpu", intraOpThreads: 1, cudaDevice: 0 });

function setUp() {
  const sessions: (Session & { readonly close: ReturnType<typeof vi.fn> })[] = [];
  const exits: (() => void)[] = [];
  const loads: (() => void)[] = [];
  const observer = { lost: vi.fn(), restored: vi.fn(), gaveUp: vi.fn() };
  const starter = new LaneStarter({
    startSession: async (_, __, onExit) => {
      exits.push(onExit);
      await new Promise<void>((resolve) => loads.push(resolve));
      const session = {
        info: { inputs: [], outputs: [], provider: "cpu" } as const,
        run: async () => ({ rows: [], computeInferMs: 0 }),
        close: vi.fn(async () => {}),
      };
      sessions.push(session);
      return session;
    },
    observer,
  });
  return { starter, sessions, exits, loads, observer };
}

describe("LaneStarter", () => {
  test("starts a session again when its thread ends, and says which lane that was", async () => {
    const { starter, exits, loads, observer } = setUp();
    const starting = [starter.start("model.onnx", place(0)), starter.start("model.onnx", place(1))];
    for (const load of loads) load();
    await Promise.all(starting);
    exits[1]?.();
    expect(observer.lost.mock.calls).toEqual([[1]]);
    loads[2]?.();
    await settle();
    expect(observer.restored).toHaveBeenCalledTimes(1);
  });

  test("gives up at the third death of all lanes together", async () => {
    const { starter, exits, loads, observer } = setUp();
    const starting = [0, 1, 2].map((lane) => starter.start("model.onnx", place(lane)));
    for (const load of loads) load();
    await Promise.all(starting);
    exits[0]?.();
    exits[1]?.();
    expect(observer.gaveUp).not.toHaveBeenCalled();
    exits[2]?.();
    expect(observer.gaveUp).toHaveBeenCalledTimes(1);
  });

  test("closes every session, also one that is being started", async () => {
    const { starter, sessions, loads } = setUp();
    const started = starter.start("model.onnx", place(0));
    loads[0]?.();
    await started;
    void starter.start("model.onnx", place(1));
    const closed = starter.close();
    await settle();
    loads[1]?.();
    await closed;
    expect(sessions.map(({ close }) => close.mock.calls.length)).toEqual([1, 1]);
  });

  test("starts no session once it is closed", async () => {
    const { starter, exits } = setUp();
    await starter.close();
    await expect(starter.start("model.onnx", place(0))).rejects.toThrow(StartupError);
    expect(exits).toEqual([]);
  });
});
