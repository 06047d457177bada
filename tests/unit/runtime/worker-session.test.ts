import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import type { ThreadLoss } from "../../../src/runtime/loss-limit.ts";
import { WorkerSession } from "../../../src/runtime/worker-session.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

const INFO = { inputs: [], outputs: [], provider: "cpu" };

/** A thread's program: it loads, and then does with each run what `onRun` says. */
function program(onRun: string): string {
  return `
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", (message) => {
      if (message === "close") return parentPort.close();
      const { id, feed } = message;
      ${onRun}
    });
    parentPort.postMessage({ kind: "loaded", info: ${JSON.stringify(INFO)} });
  `;
}

const ECHO = `
  const outputs = feed.kind === "whole" ? feed.feeds : feed.rows[0];
  const rowCount = feed.kind === "whole" ? "whole" : feed.rows.length;
  parentPort.postMessage({ kind: "ran", id, parts: [{ outputs, rowCount }], computeInferMs: 5 });
`;

/** Starts a thread with this program; `losses` are those that were told. */
async function start(source: string, runTimeoutMs?: number) {
  const losses: ThreadLoss[] = [];
  const session = await WorkerSession.start({
    modelPath: "model.onnx",
    device: "cpu",
    intraOpThreads: 1,
    entry: new URL(`data:text/javascript,${encodeURIComponent(source)}`),
    onLost: (loss) => losses.push(loss),
    ...(runTimeoutMs === undefined ? {} : { runTimeoutMs }),
  });
  onTestFinished(() => session.close());
  return { session, losses };
}

const whole = () => ({ kind: "whole", feeds: { x: tensor("float32", [2], [1, 2]) } }) as const;

describe("WorkerSession", () => {
  test("tells what the model declares, and answers", async () => {
    const { session } = await start(program(ECHO));
    expect(session.info).toEqual(INFO);
    expect(await session.run(whole())).toEqual({
      rows: [{ outputs: whole().feeds }],
      computeInferMs: 5,
      ranAlone: false,
    });
  });

  test("takes the memory of what it is fed over", async () => {
    const { session } = await start(program(ECHO));
    const feed = whole();
    await session.run(feed);
    expect(feed.feeds.x.data).toHaveLength(0);
  });

  test("gives each run its own answer, whatever the order they come in", async () => {
    const { session } = await start(
      program(`
        globalThis.held = [...(globalThis.held ?? []), { id, feed }];
        if (globalThis.held.length < 2) return;
        for (const { id, feed } of globalThis.held.reverse()) { ${ECHO} }
      `),
    );
    const feeds = [1, 2].map((value) => ({ x: tensor("float32", [1], [value]) }));
    const runs = feeds.map((named) => session.run({ kind: "whole", feeds: structuredClone(named) }));
    expect((await Promise.all(runs)).map(({ rows }) => rows)).toEqual(feeds.map((outputs) => [{ outputs }]));
  });

  test("keeps the errors of rows in their places", async () => {
    const { session } = await start(
      program(`parentPort.postMessage({
        kind: "ran",
        id,
        parts: [{ error: "bad row" }, { outputs: { y: { ...feed.rows[1].x, shape: [1, 1] } }, rowCount: 1 }],
        computeInferMs: 1,
      })`),
    );
    const rows = [1, 2].map((value) => ({ x: tensor("float32", [1], [value]) }));
    expect((await session.run({ kind: "rows", rows, batchSize: 2 })).rows).toEqual([
      { error: "bad row" },
      { outputs: { y: tensor("float32", [1], [2]) } },
    ]);
  });

  test("rejects a run with INTERNAL when the thread answers with too few rows", async () => {
    const { session } = await start(program(ECHO));
    const rows = [1, 2].map((value) => ({ x: tensor("float32", [1], [value]) }));
    await expect(session.run({ kind: "rows", rows, batchSize: 2 })).rejects.toMatchObject({
      code: "INTERNAL",
    });
  });

  test.each([
    ["ends", "process.exit(3)"],
    ["throws", 'throw new Error("broke")'],
  ])(
    "rejects every run under way with INFERENCE_FAILED when the thread %s, and later ones",
    async (_, onRun) => {
      const { session, losses } = await start(program(onRun));
      const toldBefore = session.run(whole()).catch(() => [...losses]);
      const runs = await Promise.allSettled([session.run(whole()), session.run(whole())]);
      expect(runs).toMatchObject([
        { status: "rejected", reason: { code: "INFERENCE_FAILED" } },
        { status: "rejected", reason: { code: "INFERENCE_FAILED" } },
      ]);
      await expect(session.run(whole())).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
      await session.close();
      expect(losses).toEqual(["died"]);
      // Whoever hears that a run failed finds the session lost.
      expect(await toldBefore).toEqual(["died"]);
    },
  );

  describe("with a limit for runs", () => {
    /** Each run ends when `file` is there, and not before. */
    const held = (file: string) =>
      program(`
        const { existsSync } = await import("node:fs");
        while (!existsSync(${JSON.stringify(file)})) await new Promise(setImmediate);
        ${ECHO}
      `).replace('"message", (', '"message", async (');

    test("fails a run that does not end with INFERENCE_FAILED, and is lost as hung, once", async () => {
      const file = join(temporaryModelFolder({}), "end");
      const { session, losses } = await start(held(file), 40);
      const runs = [session.run(whole()), session.run(whole())];
      for (const run of runs) await expect(run).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
      expect(losses).toEqual(["hung"]);
      await expect(session.run(whole())).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
      // Nobody waits for the thread.
      await session.close();
      writeFileSync(file, "");
    });

    test("answers runs that end in time", async () => {
      const { session, losses } = await start(program(ECHO), 60_000);
      expect(await session.run(whole())).toMatchObject({ rows: [{ outputs: whole().feeds }] });
      expect(losses).toEqual([]);
    });

    test("does not count the time in which the process stood still", async () => {
      const file = join(temporaryModelFolder({}), "end");
      const { session, losses } = await start(held(file), 400);
      const run = session.run(whole());
      // As after a pause: much later by the clock, and the event loop has not turned.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
      writeFileSync(file, "");
      expect(await run).toMatchObject({ rows: [{ outputs: whole().feeds }] });
      expect(losses).toEqual([]);
    });
  });

  test("is closed when the run under way has ended, and not before", async () => {
    const { session, losses } = await start(`
      import { parentPort } from "node:worker_threads";
      let pending;
      parentPort.on("message", (message) => {
        if (message !== "close") {
          pending = message;
          return;
        }
        const part = { outputs: pending.feed.feeds, rowCount: "whole" };
        parentPort.postMessage({ kind: "ran", id: pending.id, parts: [part], computeInferMs: 1 });
        parentPort.close();
      });
      parentPort.postMessage({ kind: "loaded", info: ${JSON.stringify(INFO)} });
    `);
    const run = session.run(whole());
    await session.close();
    expect((await run).rows).toEqual([{ outputs: whole().feeds }]);
    expect(losses).toEqual(["died"]);
    await session.close();
  });

  test.each([
    ["ends before it has loaded", "process.exit(3)", "the inference worker ended with code 3"],
    [
      "throws before it has loaded",
      'throw new Error("broke")',
      "the inference worker ended with code 1: broke",
    ],
    [
      "refuses the model",
      'import { parentPort } from "node:worker_threads"; parentPort.postMessage({ kind: "refused", reason: "no model" })',
      "no model",
    ],
  ])("does not start when the thread %s", async (_, source, line) => {
    const thrown = await start(source).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(StartupError);
    expect(thrown).toHaveProperty("message", line);
  });

  test.each([
    ["once when the thread ended before it had loaded", "process.exit(3)", 1],
    [
      "never when it refused the model: its supervisor has the reason",
      'import { parentPort } from "node:worker_threads"; parentPort.postMessage({ kind: "refused", reason: "no" })',
      0,
    ],
  ])("tells of its end %s", async (_, source, exits) => {
    let told = 0;
    const starting = WorkerSession.start({
      modelPath: "model.onnx",
      device: "cpu",
      intraOpThreads: 1,
      entry: new URL(`data:text/javascript,${encodeURIComponent(source)}`),
      onLost: () => {
        told += 1;
      },
    });
    await expect(starting).rejects.toThrow(StartupError);
    expect(told).toBe(exits);
  });

  test("tells of its end, and fails, when the thread ends right after it has loaded, as this one is busy", async () => {
    const { starting, told } = startUnheard(
      `parentPort.postMessage({ kind: "loaded", info: ${JSON.stringify(INFO)} });`,
    );
    const session = await starting;
    await expect(session.run(whole())).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
    await session.close();
    expect(told.losses).toBe(1);
  });

  test("tells of no end when the thread refused the model and ended, as this one was busy", async () => {
    const { starting, told } = startUnheard(
      `parentPort.postMessage({ kind: "refused", reason: "no model" });`,
    );
    await expect(starting).rejects.toThrow("no model");
    expect(told.losses).toBe(0);
  });
});

/** Starts a thread and hears nothing of it until it is gone: its message and its exit then come in one turn. */
function startUnheard(source: string) {
  const file = join(temporaryModelFolder({}), "thread");
  const told = { losses: 0 };
  const starting = WorkerSession.start({
    modelPath: "model.onnx",
    device: "cpu",
    intraOpThreads: 1,
    entry: new URL(
      `data:text/javascript,${encodeURIComponent(`
        import { readlinkSync, renameSync, writeFileSync } from "node:fs";
        import { parentPort } from "node:worker_threads";
        const file = ${JSON.stringify(file)};
        writeFileSync(file + ".new", readlinkSync("/proc/thread-self"));
        renameSync(file + ".new", file);
        ${source}
      `)}`,
    ),
    onLost: () => {
      told.losses += 1;
    },
  });
  while (!existsSync(file));
  const thread = `/proc/${readFileSync(file, "utf8")}`;
  while (existsSync(thread));
  return { starting, told };
}
