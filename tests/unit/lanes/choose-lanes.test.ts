import { describe, expect, test } from "vitest";
import { type ChooseLanesOptions, chooseLanes } from "../../../src/choose-lanes.ts";
import { StartupError } from "../../../src/errors.ts";
import type { Session } from "../../../src/runtime/session.ts";

class FakeLane implements Session {
  readonly info = { inputs: [], outputs: [], provider: "cpu" } as const;
  readonly name: string;
  isClosed = false;

  constructor(name: string) {
    this.name = name;
  }

  async run() {
    return { rows: [], computeInferMs: 0 };
  }

  async close() {
    this.isClosed = true;
  }
}

interface Machine {
  readonly cpus: number;
  /** Runs a second of a group of so many lanes, each of so many threads: `"2x4"`. */
  readonly paces: Readonly<Record<string, number>>;
  readonly laneBytes?: number;
  readonly freeBytes?: number;
  /** The lane that can't be started. */
  readonly broken?: string;
}

/** Chooses on a made-up machine; returns the choice, what was started, and what of that was closed. */
async function choose({ cpus, paces, laneBytes = 1, freeBytes = 1000, broken }: Machine) {
  const lanes: FakeLane[] = [];
  const open = (lane: number, threads: number) => {
    const session = new FakeLane(`${lane}x${threads}`);
    lanes.push(session);
    return session;
  };
  const threadsOf = ({ name }: FakeLane) => name.split("x")[1];
  const measured: string[] = [];
  const options: ChooseLanesOptions = {
    first: open(0, cpus),
    cpus,
    start: async (lane, threads) => {
      if (`${lane}x${threads}` === broken) throw new StartupError("out of memory\nat once");
      return open(lane, threads);
    },
    makeFeed: () => ({ kind: "whole", feeds: {} }),
    rows: 4,
    laneBytes,
    freeBytes: () => freeBytes,
    measure: async ({ groups }) =>
      groups.map((group) => {
        const name = `${group.length}x${threadsOf(group[0] as FakeLane)}`;
        measured.push(name);
        return paces[name] ?? Number.NaN;
      }),
  };
  const choice = await chooseLanes(options);
  const names = (list: readonly FakeLane[]) => list.map(({ name }) => name);
  return {
    taken: names(choice.sessions as readonly Session[] as readonly FakeLane[]),
    threads: choice.intraOpThreads,
    reason: choice.reason,
    started: names(lanes),
    closed: names(lanes.filter(({ isClosed }) => isClosed)),
    measured,
  };
}

describe("chooseLanes", () => {
  test("stays with one lane, having loaded one session more, where threads share a run well", async () => {
    expect(await choose({ cpus: 4, paces: { "1x4": 100, "1x2": 52 } })).toEqual({
      taken: ["0x4"],
      threads: 4,
      reason:
        "2 lanes of 2 threads would run at most 416 rows/s, 1 lane of 4 threads ran 400: under 1.05 times as many",
      started: ["0x4", "0x2"],
      closed: ["0x2"],
      measured: ["1x4", "1x2"],
    });
  });

  test("stays with one lane where two together do not keep what one alone promised", async () => {
    const { taken, reason, closed } = await choose({ cpus: 4, paces: { "1x4": 100, "1x2": 90, "2x2": 104 } });
    expect(taken).toEqual(["0x4"]);
    expect(reason).toBe(
      "2 lanes of 2 threads ran 416 rows/s, 1 lane of 4 threads 400: under 1.05 times as many",
    );
    expect(closed).toEqual(["0x2", "1x2"]);
  });

  test("takes two lanes where they run 1.05 times the rows, and leaves the first session open", async () => {
    const paces = { "1x4": 100, "1x2": 90, "2x2": 105, "1x1": 30 };
    const { taken, threads, closed, reason } = await choose({ cpus: 4, paces });
    expect({ taken, threads }).toEqual({ taken: ["0x2", "1x2"], threads: 2 });
    expect(closed).toEqual(["0x1"]);
    expect(reason).toMatch(
      /^4 lanes of 1 thread would run at most 480 rows\/s, 2 lanes of 2 threads ran 420/,
    );
  });

  test("compares each number with the one before it, and not with one lane", async () => {
    const paces = { "1x8": 100, "1x4": 90, "2x4": 170, "1x2": 80, "4x2": 210 };
    const { taken, reason } = await choose({ cpus: 8, paces });
    expect(taken).toEqual(["0x4", "1x4"]);
    expect(reason).toBe(
      "4 lanes of 2 threads ran 840 rows/s, 2 lanes of 4 threads 680: under 1.25 times as many",
    );
  });

  test("goes on to one thread a lane where that is best, and closes all others but the first", async () => {
    const paces = { "1x4": 10, "1x2": 10, "2x2": 20, "1x1": 10, "4x1": 40 };
    const { taken, threads, closed, reason } = await choose({ cpus: 4, paces });
    expect({ taken, threads }).toEqual({ taken: ["0x1", "1x1", "2x1", "3x1"], threads: 1 });
    expect(closed).toEqual(["0x2", "1x2"]);
    expect(reason).toBe("4 lanes of 1 thread ran 160 rows/s, 2 lanes of 2 threads 80");
  });

  test("rounds the threads down where the CPUs do not divide", async () => {
    const { started } = await choose({ cpus: 6, paces: { "1x6": 10, "1x3": 10, "2x3": 20, "1x1": 1 } });
    expect(started).toEqual(["0x6", "0x3", "1x3", "0x1"]);
  });

  test("tries no lanes that would take over half of the free memory", async () => {
    const machine = { cpus: 8, paces: { "1x8": 10, "1x4": 10, "2x4": 20 }, laneBytes: 2 ** 20 };
    const four = await choose({ ...machine, freeBytes: 2 * 4 * 2 ** 20 - 1 });
    expect(four.taken).toEqual(["0x4", "1x4"]);
    expect(four.reason).toBe("4 lanes would take 4 MiB, over half of the free memory");
    const two = await choose({ ...machine, freeBytes: 2 * 2 * 2 ** 20 - 1 });
    expect(two).toMatchObject({ taken: ["0x8"], started: ["0x8"], measured: [] });
  });

  test.each(["0x2", "1x2"])("stays with what there was when lane %s can't be started", async (broken) => {
    const paces = { "1x4": 10, "1x2": 10, "2x2": 20 };
    const { taken, reason, started, closed } = await choose({ cpus: 4, paces, broken });
    expect(taken).toEqual(["0x4"]);
    expect(reason).toBe("2 lanes of 2 threads could not be tried: out of memory");
    expect(closed).toEqual(started.slice(1));
  });
});
