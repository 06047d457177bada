import { describe, expect, onTestFinished, test, vi } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import type { LanePlan } from "../../../src/find-lanes.ts";
import { type OpenLanesOptions, openLanes } from "../../../src/open-lanes.ts";
import type { Feed, Session } from "../../../src/runtime/session.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

const makeRow = () => ({ x: tensor("float32", [], [1]) });

class FakeLane implements Session {
  readonly info: Session["info"];
  readonly sizes = new Set<number>();
  isClosed = false;
  readonly #runMs: (rows: number) => number;

  constructor(runMs: (rows: number) => number = () => 0, provider: "cpu" | "cuda" = "cpu") {
    this.info = { inputs: [], outputs: [], provider };
    this.#runMs = runMs;
  }

  async run(feed: Feed) {
    const rows = feed.kind === "rows" ? feed.batchSize : 1;
    this.sizes.add(rows);
    const runMs = this.#runMs(rows);
    if (runMs > 0) await new Promise((resolve) => setTimeout(resolve, runMs));
    return { rows: [], computeInferMs: 0 };
  }

  async close() {
    this.isClosed = true;
  }
}

const measured = { maxBatchSize: 4, batchTimings: [] } as unknown as OpenLanesOptions["measured"];

/** Opens lanes as INFERENCE_LANES=3 asks. */
function open(options: Partial<OpenLanesOptions> = {}) {
  const first = new FakeLane();
  const lanes: FakeLane[] = [];
  const settings: LanePlan["settings"] = {
    device: "cpu",
    inferenceLanes: 3,
    intraOpThreads: undefined,
    maxBatchSize: undefined,
  };
  const opened = openLanes({
    plan: { settings, cpus: 6, cuda: { devices: [0], areNamed: false } },
    first,
    start: async () => {
      const lane = new FakeLane();
      lanes.push(lane);
      return lane;
    },
    prove: async () => {},
    batching: { kind: "rows" },
    makeRow,
    measured,
    laneBytes: 1,
    ...options,
  });
  return { opened, first, lanes };
}

describe("openLanes", () => {
  test("gives all lanes as one session, and says how many and why", async () => {
    const { session, report, warnings } = await open().opened;
    expect(session.count).toBe(3);
    expect(report).toEqual({ count: 3, intraOpThreads: 2, reason: "set by INFERENCE_LANES" });
    expect(warnings).toEqual([]);
  });

  test("proves each lane but the first, which was proven before", async () => {
    const prove = vi.fn(async () => {});
    const { opened, lanes } = open({ prove });
    await opened;
    expect(prove.mock.calls).toEqual(lanes.map((lane) => [lane]));
  });

  test("warms new lanes up to the batch size that the first one learnt", async () => {
    const { opened, first, lanes } = open();
    expect((await opened).measured).toBe(measured);
    expect(lanes.map(({ sizes }) => [...sizes])).toEqual([
      [1, 2, 4],
      [1, 2, 4],
    ]);
    expect(first.sizes.size).toBe(0);
  });

  test("times lanes anew that took the first session's place, and opens that again for rows that are alone", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const first = new FakeLane(() => 20);
    const lanes: FakeLane[] = [];
    const prove = vi.fn(async () => {});
    const start = vi.fn(async ({ intraOpThreads }: Parameters<OpenLanesOptions["start"]>[0]) => {
      const lane = new FakeLane(() => (intraOpThreads === 1 ? 40 : 20));
      lanes.push(lane);
      return lane;
    });
    const { opened } = open({
      first,
      prove,
      plan: {
        settings: {
          device: "cpu",
          inferenceLanes: undefined,
          intraOpThreads: undefined,
          maxBatchSize: undefined,
        },
        cpus: 4,
        cuda: { devices: [0], areNamed: false },
      },
      // Two threads do as much as four, one of them half of that.
      start,
      measured: { ...measured, batchTimings: [1, 4].map((batchSize) => ({ batchSize, runMs: 20 })) },
    });
    await vi.advanceTimersByTimeAsync(60_000);
    const { report, measured: learnt } = await opened;
    expect(report).toEqual({
      count: 2,
      intraOpThreads: 2,
      wideThreads: 4,
      reason:
        "4 lanes of 1 thread would run at most 400 rows/s, 2 lanes of 2 threads ran 400: under 1.25 times as many",
    });
    // The first, the two lanes, one of the four that were not taken, and the first again.
    expect([first, ...lanes].map(({ isClosed }) => isClosed)).toEqual([true, false, false, true, false]);
    expect(prove.mock.calls).toEqual([[lanes[0]], [lanes[1]], [lanes[3]]]);
    expect(learnt.batchTimings.map(({ batchSize }) => batchSize)).toEqual([1, 2, 4]);
    expect([learnt.maxBatchSize, learnt.maxBatchSizeReason]).toEqual([4, expect.stringContaining("5.00 ms")]);
    expect([...(lanes[1]?.sizes ?? [])].sort((a, b) => a - b)).toEqual([1, 2, 4]);
    expect([...(lanes[3]?.sizes ?? [])]).toEqual([1]);
    expect(start).toHaveBeenLastCalledWith({ lane: 2, device: "cpu", intraOpThreads: 4, cudaDevice: 0 });
  });

  test("opens lanes anew that took the first session's place and ran larger batches than they will", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const lanes: FakeLane[] = [];
    const start = vi.fn(async ({ intraOpThreads }: Parameters<OpenLanesOptions["start"]>[0]) => {
      // On one thread a row is no cheaper in company.
      const lane = new FakeLane(intraOpThreads === 1 ? (rows) => 10 * rows : () => 40);
      lanes.push(lane);
      return lane;
    });
    const { opened } = open({
      first: new FakeLane(() => 40),
      plan: {
        settings: {
          device: "cpu",
          inferenceLanes: undefined,
          intraOpThreads: undefined,
          maxBatchSize: undefined,
        },
        cpus: 2,
        cuda: { devices: [0], areNamed: false },
      },
      start,
      measured: { ...measured, batchTimings: [1, 4].map((batchSize) => ({ batchSize, runMs: 40 })) },
    });
    await vi.advanceTimersByTimeAsync(60_000);
    const { measured: learnt } = await opened;
    expect(learnt.maxBatchSize).toBe(1);
    expect(lanes.map(({ isClosed }) => isClosed)).toEqual([true, true, false, false, false]);
    expect(lanes.slice(2).map(({ sizes }) => [...sizes])).toEqual([[1], [1], [1]]);
    expect(start.mock.calls.slice(2).map(([{ lane, intraOpThreads }]) => [lane, intraOpThreads])).toEqual([
      [0, 1],
      [1, 1],
      [2, 2],
    ]);
  });

  test("opens the first lane anew when it tried larger batches than it will run, whose memory it would keep", async () => {
    const prove = vi.fn(async () => {});
    const batchTimings = [1, 2, 4, 8].map((batchSize) => ({ batchSize, runMs: 1 }));
    const lanes: FakeLane[] = [];
    const start = vi.fn(async (_place: Parameters<OpenLanesOptions["start"]>[0]) => {
      const lane = new FakeLane();
      lanes.push(lane);
      return lane;
    });
    const { opened, first } = open({ prove, start, measured: { ...measured, batchTimings } });
    const { session } = await opened;
    expect(session.count).toBe(3);
    expect(start).toHaveBeenLastCalledWith({ lane: 0, device: "cpu", intraOpThreads: 2, cudaDevice: 0 });
    expect([first, ...lanes].map(({ isClosed }) => isClosed)).toEqual([true, false, false, false]);
    expect([...(lanes[2]?.sizes ?? [])]).toEqual([1, 2, 4]);
    expect(prove).toHaveBeenLastCalledWith(lanes[2]);
  });

  test("keeps the first lane on a GPU, whatever it tried", async () => {
    const batchTimings = [{ batchSize: 64, runMs: 1 }];
    const first = new FakeLane(undefined, "cuda");
    await open({ first, measured: { ...measured, batchTimings } }).opened;
    expect(first.isClosed).toBe(false);
  });

  test("neither proves nor warms where rows can't be made up", async () => {
    const prove = vi.fn(async () => {});
    const { opened, lanes } = open({ prove, makeRow: undefined });
    expect((await opened).measured).toBe(measured);
    expect(prove).not.toHaveBeenCalled();
    expect(lanes.map(({ sizes }) => sizes.size)).toEqual([0, 0]);
  });

  test("closes all lanes but the first when one answers otherwise", async () => {
    const { opened, first, lanes } = open({
      prove: async () => {
        throw new StartupError("the outputs differ");
      },
    });
    await expect(opened).rejects.toThrow("the outputs differ");
    expect(lanes.map(({ isClosed }) => isClosed)).toEqual([true, true]);
    expect(first.isClosed).toBe(false);
  });

  test("closes the lanes that were started when another can't be", async () => {
    const started: FakeLane[] = [];
    const { opened } = open({
      start: async ({ lane }) => {
        if (lane === 1) throw new StartupError("no memory");
        const session = new FakeLane();
        started.push(session);
        return session;
      },
    });
    await expect(opened).rejects.toThrow("lane 1 can't be started: no memory");
    expect(started.map(({ isClosed }) => isClosed)).toEqual([true]);
  });
});
