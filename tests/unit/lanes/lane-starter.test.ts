import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import { LaneStarter } from "../../../src/lane-starter.ts";
import type { ThreadLoss } from "../../../src/runtime/loss-limit.ts";
import type { Session, SessionPlace } from "../../../src/runtime/session.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { settle } from "../../support/puppet-runner.ts";

const place = (lane: number): SessionPlace => ({ lane, device: "cpu", intraOpThreads: 1, cudaDevice: 0 });

function setUp() {
  const sessions: (Session & { readonly close: ReturnType<typeof vi.fn> })[] = [];
  const losses: ((loss: ThreadLoss) => void)[] = [];
  const loads: (() => void)[] = [];
  const observer = { lost: vi.fn(), restored: vi.fn(), gaveUp: vi.fn() };
  const starter = new LaneStarter({
    settings: { runTimeoutMs: undefined, requestTimeoutMs: 30_000 },
    startSession: async (_, __, onLost) => {
      losses.push(onLost);
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
  const folder = temporaryModelFolder({ "model.onnx": "the model" });
  const path = join(folder, "model.onnx");
  const sha256 = createHash("sha256").update("the model").digest("hex");
  return { starter, sessions, losses, loads, observer, model: { path, sha256 } };
}

describe("LaneStarter", () => {
  test("starts a session again when its thread ends, and says which lane that was", async () => {
    const { starter, losses, model, loads, observer } = setUp();
    const starting = [starter.start(model, place(0)), starter.start(model, place(1))];
    for (const load of loads) load();
    await Promise.all(starting);
    losses[1]?.("died");
    expect(observer.lost.mock.calls).toEqual([[1, "died"]]);
    await vi.waitUntil(() => loads.length === 3);
    loads[2]?.();
    await vi.waitUntil(() => observer.restored.mock.calls.length === 1);
  });

  test("gives up at the third death of all lanes together", async () => {
    const { starter, losses, model, loads, observer } = setUp();
    const starting = [0, 1, 2].map((lane) => starter.start(model, place(lane)));
    for (const load of loads) load();
    await Promise.all(starting);
    losses[0]?.("died");
    losses[1]?.("died");
    expect(observer.gaveUp).not.toHaveBeenCalled();
    losses[2]?.("died");
    expect(observer.gaveUp).toHaveBeenCalledTimes(1);
  });

  test.each([
    ["is another", (path: string) => writeFileSync(path, "another model"), /is another than at the start/],
    ["is gone", (path: string) => rmSync(path), /can't be read any more/],
  ])("gives up rather than to serve what was not proven, when the file %s", async (_, change, reason) => {
    const { starter, losses, loads, observer, model } = setUp();
    const starting = starter.start(model, place(0));
    loads[0]?.();
    await starting;
    change(model.path);
    losses[0]?.("died");
    await vi.waitUntil(() => observer.gaveUp.mock.calls.length === 1);
    expect(observer.gaveUp.mock.calls[0]?.[0].message).toMatch(reason);
    expect(loads).toHaveLength(1);
  });

  test("closes every session, also one that is being started", async () => {
    const { starter, sessions, loads, model } = setUp();
    const started = starter.start(model, place(0));
    loads[0]?.();
    await started;
    void starter.start(model, place(1));
    const closed = starter.close();
    await settle();
    loads[1]?.();
    await closed;
    expect(sessions.map(({ close }) => close.mock.calls.length)).toEqual([1, 1]);
  });

  test("starts no session once it is closed", async () => {
    const { starter, losses, model } = setUp();
    await starter.close();
    await expect(starter.start(model, place(0))).rejects.toThrow(StartupError);
    expect(losses).toEqual([]);
  });
});
