import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Feed, RowOutcome, Session, SessionInfo } from "../../../src/runtime/session.ts";
import type { Tensors } from "../../../src/tensor/tensor.ts";
import { runTrial, unmeasuredPlan, warmUp } from "../../../src/trial-run.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const makeRow = (): Tensors => ({ x: tensor("float32", [2], [1, 2]) });
const OUTPUTS = { y: tensor("float32", [3], [7, 8, 9]) };
const BATCHED = { y: tensor("float32", [1, 3], [7, 8, 9]) };
const FAILS = { error: "no such shape" };

/** A session whose outcomes and times are scripted by what it is fed; it keeps what that was. */
class ScriptedSession implements Session {
  readonly info: SessionInfo;
  readonly fed: string[] = [];
  readonly #script: (feed: Feed, rows: number) => RowOutcome;
  readonly #msOf: (batchSize: number) => number;

  constructor(
    script: (feed: Feed, rows: number) => RowOutcome,
    msOf: (batchSize: number) => number = () => 200,
    provider: SessionInfo["provider"] = "cpu",
  ) {
    this.info = { inputs: [], outputs: [], provider };
    this.#script = script;
    this.#msOf = msOf;
  }

  async run(feed: Feed) {
    const count = feed.kind === "rows" ? feed.rows.length : 1;
    const batchSize = feed.kind === "rows" ? feed.batchSize : 1;
    this.fed.push(feed.kind === "rows" ? `${count} of ${batchSize}` : `whole ${feed.feeds.x?.shape}`);
    const rows = Array.from({ length: count }, () => this.#script(feed, count));
    vi.advanceTimersByTime(this.#msOf(batchSize));
    return { rows, computeInferMs: 0 };
  }

  async close() {}
}

const sound = () => new ScriptedSession(({ kind }) => ({ outputs: kind === "rows" ? OUTPUTS : BATCHED }));

describe("runTrial", () => {
  test("feeds a row alone, then two together, and gives what came out for one", async () => {
    const session = sound();
    const trial = await runTrial({ session, batching: { kind: "rows" }, makeRow });
    expect(trial).toEqual({ batching: { kind: "rows" }, outputs: OUTPUTS });
    expect(session.fed).toEqual(["1 of 1", "2 of 2"]);
  });

  test("pads the row to a fixed batch size, and tries no other", async () => {
    const session = sound();
    const batching = { kind: "rows", fixedBatchSize: 4 } as const;
    expect((await runTrial({ session, batching, makeRow })).batching).toEqual(batching);
    expect(session.fed).toEqual(["1 of 4"]);
  });

  test("feeds one instance at a time when two do not run together", async () => {
    const session = new ScriptedSession(({ kind }, rows) => {
      if (kind === "whole") return { outputs: BATCHED };
      return rows === 1 ? { outputs: OUTPUTS } : FAILS;
    });
    const trial = await runTrial({ session, batching: { kind: "rows" }, makeRow });
    expect(trial).toEqual({ batching: { kind: "whole" }, outputs: OUTPUTS });
    expect(session.fed).toEqual(["1 of 1", "2 of 2", "whole 1,2"]);
  });

  test("feeds a model without a batch axis as a whole", async () => {
    const session = sound();
    const trial = await runTrial({ session, batching: { kind: "whole" }, makeRow });
    expect(trial).toEqual({ batching: { kind: "whole" }, outputs: OUTPUTS });
    expect(session.fed).toEqual(["whole 1,2"]);
  });

  test.each(["rows", "whole"] as const)(
    "refuses a model that does not run at all, fed as %s, with the reason",
    async (kind) => {
      const session = new ScriptedSession(() => FAILS);
      await expect(runTrial({ session, batching: { kind }, makeRow })).rejects.toThrow(
        expect.objectContaining({ name: "StartupError", message: "the model does not run: no such shape" }),
      );
    },
  );

  test("makes each row anew, since a run takes its memory", async () => {
    let made = 0;
    const count = () => {
      made += 1;
      return makeRow();
    };
    await runTrial({ session: sound(), batching: { kind: "rows" }, makeRow: count });
    expect(made).toBe(3);
  });
});

describe("warmUp", () => {
  const warm = async (
    msOf: (batchSize: number) => number,
    options: {
      maxBatchSize?: number;
      allowedBatchSizes?: readonly number[];
      fixedBatchSize?: number;
      provider?: SessionInfo["provider"];
    } = {},
  ) => {
    const { maxBatchSize, allowedBatchSizes, provider, ...fixed } = options;
    const session = new ScriptedSession(() => ({ outputs: OUTPUTS }), msOf, provider);
    const batching = { kind: "rows", ...fixed } as const;
    const result = await warmUp({ session, batching, makeRow, maxBatchSize, allowedBatchSizes });
    return { ...result, fed: session.fed, sizes: result.batchTimings.map(({ batchSize }) => batchSize) };
  };

  test("learns the size from which a row gets no cheaper", async () => {
    const plan = await warm((size) => Math.max(160 + 20 * size, 60 * size));
    expect(plan.sizes).toEqual([1, 2, 4, 8, 16]);
    expect(plan.maxBatchSize).toBe(4);
    expect(plan.maxBatchSizeReason).toContain("60.0 ms in a batch of 4");
    expect(plan.allowedBatchSizes).toBeUndefined();
  });

  test("allows 1, 2, 4 ... and the largest on CUDA, and has run each", async () => {
    const learnt = await warm((size) => 200 + Math.max(64, 2 * size), { provider: "cuda" });
    expect(learnt.sizes).toEqual([1, 2, 4, 8, 16, 32, 64]);
    expect(learnt).toMatchObject({ maxBatchSize: 64, allowedBatchSizes: [1, 2, 4, 8, 16, 32, 64] });
    const set = await warm((size) => 200 * size, { provider: "cuda", maxBatchSize: 12 });
    expect(set.sizes).toEqual([1, 2, 4, 8, 12]);
    expect(set).toMatchObject({ maxBatchSize: 12, allowedBatchSizes: [1, 2, 4, 8, 12] });
  });

  test.each(["cpu", "cuda"] as const)("runs the allowed sizes and no others on %s", async (provider) => {
    const plan = await warm((size) => 400 * size, { allowedBatchSizes: [2, 6], provider });
    expect(plan.sizes).toEqual([2, 6]);
    expect(plan).toMatchObject({ maxBatchSize: 6, allowedBatchSizes: [2, 6] });
    expect(plan.maxBatchSizeReason).toBe("ALLOWED_BATCH_SIZES says so");
  });

  test("keeps to the graph's own size, whatever is allowed", async () => {
    const plan = await warm(() => 10, { allowedBatchSizes: [2, 6], fixedBatchSize: 4 });
    expect(plan).toMatchObject({ maxBatchSize: 4, allowedBatchSizes: [4] });
  });

  test("tries no more than 32 on a CPU", async () => {
    const { maxBatchSize, sizes } = await warm(() => 301);
    expect(sizes).toEqual([1, 2, 4, 8, 16, 32]);
    expect(maxBatchSize).toBe(32);
  });

  test("runs every size up to MAX_BATCH_SIZE, whatever it gains, and keeps to it", async () => {
    const { maxBatchSize, maxBatchSizeReason, sizes } = await warm((size) => 2 * size * size, {
      maxBatchSize: 12,
    });
    expect(sizes).toEqual([1, 2, 4, 8, 12]);
    expect(maxBatchSize).toBe(12);
    expect(maxBatchSizeReason).toBe("MAX_BATCH_SIZE says so");
  });

  test("runs a fixed batch size only", async () => {
    const { fed, ...plan } = await warm(() => 601, { fixedBatchSize: 4, maxBatchSize: 64 });
    expect(plan).toMatchObject({ sizes: [4], maxBatchSize: 4, allowedBatchSizes: [4] });
    expect(plan.maxBatchSizeReason).toBe("the graph fixes it");
    expect(fed).toEqual(["4 of 4"]);
  });

  test("runs nothing where the model has no batch axis", async () => {
    const session = sound();
    const batching = { kind: "whole" } as const;
    expect(await warmUp({ session, batching, makeRow, maxBatchSize: 8 })).toEqual({
      maxBatchSize: 1,
      maxBatchSizeReason: "the model has no batch axis",
      batchTimings: [],
    });
    expect(session.fed).toEqual([]);
  });
});

describe("unmeasuredPlan", () => {
  test.each([
    ["one row a run", undefined, 1, "the model could not be run on made-up input"],
    ["MAX_BATCH_SIZE where it is set", 8, 8, "MAX_BATCH_SIZE says so"],
  ])("is %s", (_, setting, maxBatchSize, maxBatchSizeReason) => {
    expect(unmeasuredPlan(setting)).toEqual({ maxBatchSize, maxBatchSizeReason, batchTimings: [] });
  });
});
