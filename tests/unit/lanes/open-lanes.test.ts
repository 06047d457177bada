import { describe, expect, test, vi } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import type { LanePlan } from "../../../src/find-lanes.ts";
import { type OpenLanesOptions, openLanes } from "../../../src/open-lanes.ts";
import type { Feed, Session } from "../../../src/runtime/session.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

const makeRow = () => ({ x: tensor("float32", [], [1]) });

class FakeLane implements Session {
  readonly info = { inputs: [], outputs: [], provider: "cpu" } as const;
  readonly sizes = new Set<number>();
  isClosed = false;

  async run(feed: Feed) {
    if (feed.kind === "rows") this.sizes.add(feed.batchSize);
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
