import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { HandlerError } from "../../../src/errors.ts";
import type { PreprocessSpec } from "../../../src/image/preprocess-spec.ts";
import { ImagePool, type ImagePoolOptions } from "../../../src/image-workers/image-pool.ts";
import { readParameters } from "../../../src/signature/parameters.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";

const SPEC: PreprocessSpec = {
  color: "RGB",
  rescaleFactor: 1,
  rescaleOffset: 0,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  layout: "CHW",
  dtype: "float32",
};

/** Longest time for an image of these tests, and for one that must come to its end on a busy machine. */
const [SHORT_MS, LONG_MS] = [300, 60_000];

/** A pool whose workers' program is this function of a task; `marker` is a file that it may make. */
function poolOf(program: (marker: string) => string, options: Partial<ImagePoolOptions> = {}) {
  const folder = temporaryModelFolder({});
  const marker = join(folder, "marker");
  const entry = temporaryModelFolder({
    "worker.mjs": `
      import { existsSync, writeFileSync } from "node:fs";
      const forever = () => new Promise(() => {});
      export default async (task) => { ${program(JSON.stringify(marker))} };
    `,
  });
  const told = { restarts: 0 };
  const pool = new ImagePool({
    workers: 1,
    maxImagePixels: 1e6,
    imageTimeoutMs: LONG_MS,
    entry: pathToFileURL(join(entry, "worker.mjs")),
    onRestart: () => {
      told.restarts += 1;
    },
    ...options,
  });
  onTestFinished(() => pool.close());
  return { pool, told, marker };
}

/** A row for a handler's `postprocess`. */
const ROW = { url: "file:///handler.mjs", result: { outputs: {} }, parameters: {} } as const;

/** The first byte tells the program what to do. */
const image = (order = 0) => Uint8Array.of(order);

const ANSWER = `return { result: { row: task.bytes.length, limit: task.maxImagePixels } };`;
const SPIN = "for (;;);";

describe("ImagePool", () => {
  test("hands the task to a worker and its result back; the bytes stay the caller's", async () => {
    const { pool, told } = poolOf(() => ANSWER);
    const bytes = Uint8Array.of(1, 2, 3);
    expect(await pool.preprocess({ bytes }, SPEC)).toEqual({ row: 3, limit: 1e6 });
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3));
    expect(told.restarts).toBe(0);
  });

  test("works on as many images at once as there are workers", async () => {
    // Each waits until the file of the other is there.
    const { pool } = poolOf(
      (file) => `
        const [mine, other] = [task.bytes[0], 1 - task.bytes[0]].map((n) => ${file} + n);
        writeFileSync(mine, "");
        while (!existsSync(other)) await new Promise(setImmediate);
        ${ANSWER}
      `,
      { workers: 2 },
    );
    expect(pool.concurrency).toBe(2);
    const images = [image(0), image(1)].map((bytes) => pool.preprocess({ bytes }, SPEC));
    expect(await Promise.all(images)).toHaveLength(2);
  });

  test("throws the error that a worker answers with, by its code", async () => {
    const { pool, told } = poolOf(
      () => `return { error: { code: "IMAGE_TOO_LARGE", message: "too large" } };`,
    );
    await expect(pool.preprocess({ bytes: image() }, SPEC)).rejects.toMatchObject({
      name: "ServingError",
      code: "IMAGE_TOO_LARGE",
      message: "too large",
    });
    expect(told.restarts).toBe(0);
  });

  test("passes an error of the worker's own on, without trying again", async () => {
    const { pool, told } = poolOf(() => `throw new RangeError("broke");`);
    await expect(pool.preprocess({ bytes: image() }, SPEC)).rejects.toThrow("broke");
    expect(told.restarts).toBe(0);
  });

  test.each([
    ["waits for ever", "await forever();"],
    ["never gives its thread back", SPIN],
  ])("gives an image up with INVALID_IMAGE after a second try when its decoder %s", async (_, program) => {
    const { pool, told } = poolOf(() => program, { imageTimeoutMs: SHORT_MS });
    await expect(pool.preprocess({ bytes: image() }, SPEC)).rejects.toMatchObject({ code: "INVALID_IMAGE" });
    expect(told.restarts).toBe(2);
  });

  test("gives an image up with INVALID_IMAGE when it ends its worker twice", async () => {
    const { pool, told } = poolOf(() => "process.exit(1);");
    await expect(pool.preprocess({ bytes: image() }, SPEC)).rejects.toMatchObject({ code: "INVALID_IMAGE" });
    expect(told.restarts).toBe(2);
  });

  test("answers an image whose worker ended once", async () => {
    const { pool, told, marker } = poolOf(
      (file) => `if (!existsSync(${file})) { writeFileSync(${file}, ""); process.exit(1); } ${ANSWER}`,
    );
    expect(await pool.preprocess({ bytes: image() }, SPEC)).toMatchObject({ row: 1 });
    expect(existsSync(marker)).toBe(true);
    expect(told.restarts).toBe(1);
  });

  test("answers the neighbours of an image that ends its workers", async () => {
    const { pool, told } = poolOf(() => `if (task.bytes[0] === 1) process.exit(1); ${ANSWER}`);
    const outcomes = await Promise.allSettled(
      [0, 1, 0, 0].map((order) => pool.preprocess({ bytes: image(order) }, SPEC)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(told.restarts).toBe(2);
  });

  test("starts the clock of an image when a worker takes it, not while it waits for one", async () => {
    const decodes = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1200);";
    const { pool, told } = poolOf(() => `${decodes} ${ANSWER}`, { imageTimeoutMs: 2000 });
    const images = [image(), image()].map((bytes) => pool.preprocess({ bytes }, SPEC));
    expect(await Promise.all(images)).toHaveLength(2);
    expect(told.restarts).toBe(0);
  });

  test("serves the next image after one was given up", async () => {
    const { pool } = poolOf(() => `if (task.bytes[0] === 1) process.exit(1); ${ANSWER}`);
    await expect(pool.preprocess({ bytes: image(1) }, SPEC)).rejects.toMatchObject({ code: "INVALID_IMAGE" });
    expect(await pool.preprocess({ bytes: image(0) }, SPEC)).toMatchObject({ row: 1 });
  });

  test("sends a row to be rendered without the rest of its batch", async () => {
    const { pool } = poolOf(() => "return { result: task.result.outputs.y.data.buffer.byteLength };");
    const batch = new Float32Array(1000);
    const outputs = { y: { dtype: "float32", shape: [2], data: batch.subarray(10, 12) } } as const;
    const bytes = await pool.render({
      signature: "class",
      head: { task: "generic" },
      result: { outputs },
      parameters: readParameters({}, { task: "generic" }),
    });
    expect(bytes).toBe(8);
  });

  test("hands an image with the hooks that it is to pass, and none where there are none", async () => {
    const { pool } = poolOf(
      () => "return { result: Object.keys(task).includes('hooks') && task.hooks.url };",
    );
    const input = { name: "x", dtype: "float32", shape: [] } as const;
    expect(await pool.preprocess({ bytes: image() }, SPEC, { url: "file:///handler.mjs", input })).toBe(
      "file:///handler.mjs",
    );
    expect(await pool.preprocess({ bytes: image() }, SPEC)).toBe(false);
  });

  test("has all workers load a handler at once, and returns its hooks", async () => {
    // Each waits until the other has the task, too.
    const { pool } = poolOf(
      (file) => `
        const { threadId } = await import("node:worker_threads");
        const { readdirSync } = await import("node:fs");
        const { dirname } = await import("node:path");
        writeFileSync(${file} + threadId, "");
        while (readdirSync(dirname(${file})).length < 2) await new Promise(setImmediate);
        return { result: ["preprocess"] };
      `,
      { workers: 2 },
    );
    expect(await pool.loadHandler("file:///handler.mjs")).toEqual(["preprocess"]);
  });

  test("throws a handler's failure, with what it threw for the log", async () => {
    const { pool } = poolOf(
      () =>
        `return { error: { code: "INTERNAL", message: "failed", thrown: { message: "m", stack: "s" } } };`,
    );
    const failure = await pool.postprocess(ROW).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(HandlerError);
    expect(failure).toMatchObject({
      code: "INTERNAL",
      message: "failed",
      cause: { message: "m", stack: "s" },
    });
  });

  test("gives a handler up, not the caller's image, when a hook never ends", async () => {
    const { pool, told } = poolOf(() => SPIN, { imageTimeoutMs: SHORT_MS, loadTimeoutMs: SHORT_MS });
    const hooks = { url: "file:///handler.mjs", input: { name: "x", dtype: "float32", shape: [] } } as const;
    for (const task of [
      pool.preprocess({ bytes: image() }, SPEC, hooks),
      pool.postprocess(ROW),
      pool.loadHandler(hooks.url),
    ]) {
      await expect(task).rejects.toBeInstanceOf(HandlerError);
    }
    expect(told.restarts).toBe(6);
  });
});
