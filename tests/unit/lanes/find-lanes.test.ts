import { describe, expect, test } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import { type FindLanesOptions, findLanes, firstPlace, type LanePlan } from "../../../src/find-lanes.ts";
import type { Session, SessionPlace } from "../../../src/runtime/session.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

const makeRow = () => ({ x: tensor("float32", [], [1]) });

type PlanChanges = Partial<LanePlan["settings"]> & Partial<Pick<LanePlan, "cpus" | "cuda" | "untried">>;

function plan({
  cpus = 8,
  cuda = { devices: [0], areNamed: false },
  untried,
  ...settings
}: PlanChanges = {}): LanePlan {
  return {
    settings: {
      device: "auto",
      inferenceLanes: undefined,
      intraOpThreads: undefined,
      maxBatchSize: undefined,
      ...settings,
    },
    cpus,
    cuda,
    untried,
  };
}

function session(provider: "cpu" | "cuda"): Session {
  return {
    info: { inputs: [], outputs: [], provider },
    run: async () => ({ rows: [], computeInferMs: 0 }),
    close: async () => {},
  };
}

type Find = PlanChanges &
  Partial<Omit<FindLanesOptions, "plan" | "first">> & {
    readonly provider?: "cpu" | "cuda";
    /** GPUs and lanes that can't be started. */
    readonly broken?: readonly number[];
  };

/** Finds lanes; returns what was started where, and what came of it. */
async function find({ provider = "cpu", broken = [], batching, measured, laneBytes, start, ...rest }: Find) {
  const { makeRow: given, ...changes } = { makeRow, ...rest };
  const places: SessionPlace[] = [];
  const found = await findLanes({
    plan: plan(changes),
    first: session(provider),
    start: async (place) => {
      places.push(place);
      const number = provider === "cuda" ? place.cudaDevice : place.lane;
      if (broken.includes(number)) throw new StartupError("no memory\nleft");
      return session(provider);
    },
    batching: batching ?? { kind: "rows" },
    makeRow: given,
    measured: measured ?? { maxBatchSize: 1, batchTimings: [{ batchSize: 1, runMs: 5 }] },
    laneBytes: 1,
  } as FindLanesOptions);
  const { sessions, intraOpThreads, reason, warnings } = found;
  return { count: sessions.length, intraOpThreads, reason, warnings, places };
}

describe("firstPlace", () => {
  test.each<[string, PlanChanges, number]>([
    ["all CPUs", {}, 8],
    ["its share of the CPUs where INFERENCE_LANES is set", { inferenceLanes: 3 }, 2],
    ["one thread where there are more lanes than CPUs", { inferenceLanes: 9 }, 1],
    ["its share of the CPUs where lanes are not tried", { untried: { lanes: 4, reason: "" } }, 2],
    ["INTRA_OP_THREADS, whatever the lanes", { inferenceLanes: 2, intraOpThreads: 7 }, 7],
  ])("takes %s", (_, changes, intraOpThreads) => {
    expect(firstPlace(plan(changes))).toEqual({ lane: 0, device: "auto", cudaDevice: 0, intraOpThreads });
  });

  test("is on the first of the GPUs", () => {
    expect(firstPlace(plan({ cuda: { devices: [3, 1], areNamed: true } })).cudaDevice).toBe(3);
  });
});

describe("findLanes", () => {
  test("starts as many lanes as it is told beside models that serve, without a trial", async () => {
    const untried = { lanes: 3, reason: "as many as the version before has" };
    const { count, intraOpThreads, reason, places } = await find({ untried });
    expect([count, intraOpThreads, reason]).toEqual([3, 2, "as many as the version before has"]);
    expect(places.map(({ lane }) => lane)).toEqual([1, 2]);
    expect((await find({ untried, inferenceLanes: 2 })).reason).toBe("set by INFERENCE_LANES");
    expect((await find({ untried, provider: "cuda" })).reason).toBe("one for each GPU");
  });

  test("starts as many lanes as INFERENCE_LANES says, where the first one runs", async () => {
    expect(await find({ inferenceLanes: 3, cpus: 6 })).toEqual({
      count: 3,
      intraOpThreads: 2,
      reason: "set by INFERENCE_LANES",
      warnings: [],
      places: [
        { lane: 1, device: "cpu", intraOpThreads: 2, cudaDevice: 0 },
        { lane: 2, device: "cpu", intraOpThreads: 2, cudaDevice: 0 },
      ],
    });
  });

  test("starts a lane on each GPU, never falling back to the CPU there", async () => {
    const cuda = { devices: [2, 0, 1], areNamed: true } as const;
    const { count, reason, places } = await find({ provider: "cuda", cuda });
    expect({ count, reason }).toEqual({ count: 3, reason: "one for each GPU" });
    expect(places.map(({ lane, device, cudaDevice }) => [lane, device, cudaDevice])).toEqual([
      [1, "cuda", 0],
      [2, "cuda", 1],
    ]);
  });

  test("deals lanes out to the GPUs in turn where there are more of them", async () => {
    const cuda = { devices: [0, 1], areNamed: false } as const;
    const { places } = await find({ provider: "cuda", cuda, inferenceLanes: 4 });
    expect(places.map(({ cudaDevice }) => cudaDevice)).toEqual([1, 0, 1]);
  });

  test("leaves out a GPU that nobody named and that does not work, with a warning", async () => {
    const cuda = { devices: [0, 1, 2], areNamed: false } as const;
    const { count, warnings } = await find({ provider: "cuda", cuda, broken: [1] });
    expect(count).toBe(2);
    expect(warnings).toEqual(["lane 1, on GPU 1, can't be started: no memory"]);
  });

  test.each<[string, Find, string]>([
    [
      "a GPU that was named",
      { provider: "cuda", cuda: { devices: [0, 1], areNamed: true }, broken: [1] },
      "lane 1, on GPU 1, can't be started: no memory",
    ],
    ["a lane on the CPU", { inferenceLanes: 3, broken: [2] }, "lane 2 can't be started: no memory"],
    [
      "a second lane on the first GPU",
      { provider: "cuda", inferenceLanes: 2, broken: [0] },
      "lane 1, on GPU 0, can't be started: no memory",
    ],
  ])("refuses to go on without %s", async (_, options, message) => {
    const found = find(options);
    await expect(found).rejects.toThrow(StartupError);
    await expect(found).rejects.toThrow(new StartupError(message));
  });

  test.each<[string, Find, string]>([
    ["INTRA_OP_THREADS is set", { intraOpThreads: 2 }, "INTRA_OP_THREADS is set, INFERENCE_LANES is not"],
    ["there is one CPU", { cpus: 1 }, "there is one CPU"],
    ["rows can't be made up", { makeRow: undefined }, "more are not tried where rows can't be made up"],
    ["there are no rows", { batching: { kind: "whole" } }, "more are not tried where rows can't be made up"],
    [
      "runs are long",
      {
        measured: {
          maxBatchSize: 1,
          batchTimings: [{ batchSize: 1, runMs: 101 }],
        } as unknown as Find["measured"] & {},
      },
      "more are not tried where a run takes over 100 ms",
    ],
  ])("tries no more than one lane where %s", async (_, options, reason) => {
    expect(await find(options)).toMatchObject({ count: 1, reason, places: [] });
  });

  test("tries lanes beside the making of as many images as a batch has rows", async () => {
    let images = 0;
    await findLanes({
      plan: plan({ cpus: 2 }),
      first: session("cpu"),
      start: async () => session("cpu"),
      batching: { kind: "rows" },
      makeRow,
      makeImageRow: async () => {
        images += 1;
      },
      measured: {
        maxBatchSize: 4,
        maxBatchSizeReason: "",
        batchTimings: [{ batchSize: 4, runMs: 5 }],
      } as unknown as FindLanesOptions["measured"],
      laneBytes: 1,
    });
    expect(images).toBeGreaterThan(4);
    expect(images % 4).toBe(0);
  });

  test("tries more with the largest batch that is served and runs within 100 ms", async () => {
    const batchTimings = [1, 2, 4, 8].map((batchSize) => ({ batchSize, runMs: 30 * batchSize }));
    const sizes = new Set<number>();
    const first = session("cpu");
    await findLanes({
      plan: plan({ cpus: 4 }),
      first: {
        ...first,
        run: async (feed) => {
          if (feed.kind === "rows") sizes.add(feed.batchSize).add(feed.rows.length);
          await new Promise((resolve) => setImmediate(resolve));
          return { rows: [], computeInferMs: 0 };
        },
      },
      // Slower by far: the first lane stays.
      start: async () => ({
        ...session("cpu"),
        run: async () => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          return { rows: [], computeInferMs: 0 };
        },
      }),
      batching: { kind: "rows" },
      makeRow,
      measured: { maxBatchSize: 8, batchTimings } as unknown as FindLanesOptions["measured"],
      laneBytes: 1,
    });
    expect([...sizes]).toEqual([2]);
  });
});
