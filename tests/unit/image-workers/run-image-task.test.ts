import { transferableSymbol, valueSymbol } from "piscina";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { PreprocessSpec } from "../../../src/image/preprocess-spec.ts";
import type { PreprocessedImage, PreprocessTask, RenderTask } from "../../../src/image-workers/image-task.ts";
import { runImageTask } from "../../../src/image-workers/run-image-task.ts";
import { readParameters } from "../../../src/signature/parameters.ts";
import { digitPng } from "../../support/digits.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";
import { rawArray } from "../../support/raw-array.ts";

const SPEC: PreprocessSpec = {
  color: "RGB",
  resize: { kind: "exact", size: { height: 4, width: 5 }, filter: "bilinear" },
  rescaleFactor: 1,
  rescaleOffset: 0,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  layout: "CHW",
  dtype: "float32",
};

const BANDS: PreprocessSpec = {
  color: "bands",
  rescaleFactor: 1,
  rescaleOffset: 0,
  mean: [0, 0, 0, 0],
  std: [1, 1, 1, 1],
  layout: "CHW",
  dtype: "float32",
};

const ARRAY = { bands: 4, height: 1, width: 2 };

const HEAD = { task: "segmentation", output: "y", classes: 2, activation: "softmax" } as const;

/** Returns what the worker answers, and the memory that moves with it. */
async function run(task: PreprocessTask | RenderTask) {
  const answer = await runImageTask(task);
  const isMoved = typeof answer === "object" && answer !== null && valueSymbol in answer;
  const parts = isMoved ? (answer as { [valueSymbol]: unknown; [transferableSymbol]: unknown[] }) : undefined;
  return { outcome: parts?.[valueSymbol] ?? answer, memory: parts?.[transferableSymbol] ?? [] };
}

const preprocessTask = (bytes: Uint8Array, change: Partial<PreprocessTask> = {}): PreprocessTask => ({
  kind: "preprocess",
  bytes,
  spec: SPEC,
  maxImagePixels: 1e6,
  ...change,
});

const renderTask = (change: Partial<RenderTask> = {}): RenderTask => ({
  kind: "render",
  signature: "class",
  head: HEAD,
  result: { outputs: { y: tensor("float32", [2, 1, 2], [1, 0, 0, 1]) } },
  parameters: readParameters({}, HEAD),
  ...change,
});

describe("runImageTask", () => {
  test("makes a row of an image, says where its pixels came from, and moves its memory", async () => {
    const { outcome, memory } = await run(preprocessTask(digitPng(3)));
    expect(outcome).toMatchObject({
      result: {
        row: { dtype: "float32", shape: [3, 4, 5] },
        geometry: { resized: { height: 4, width: 5 }, top: 0, left: 0, row: { height: 4, width: 5 } },
        decodeMs: expect.any(Number),
        preprocessMs: expect.any(Number),
      },
    });
    expect(memory).toMatchObject([{ byteLength: 3 * 4 * 5 * 4 }]);
  });

  test("makes the row of a JPEG after others as it does without them, and leaves theirs as they are", async () => {
    const jpeg = (edge: number, background: string) =>
      sharp({ create: { width: edge, height: edge, channels: 3, background } })
        .jpeg()
        .toBuffer();
    const [teal, red] = [await jpeg(64, "teal"), await jpeg(16, "red")];
    const rowOf = async (bytes: Uint8Array) =>
      ((await run(preprocessTask(bytes))).outcome as { result: PreprocessedImage }).result.row;
    const [first, second] = [await rowOf(teal), await rowOf(red)];
    const kept = structuredClone(first);
    expect(await rowOf(red)).toEqual(second);
    expect(first).toEqual(kept);
    expect(second.data[0]).toBeGreaterThan(200);
  });

  test("makes a row of a raw array, which is as large as its shape says", async () => {
    const { bytes, array } = rawArray((band, y, x) => 100 * band + 10 * y + x, ARRAY, "uint16");
    const { outcome, memory } = await run(preprocessTask(bytes, { array, spec: BANDS }));
    expect(outcome).toEqual({
      result: {
        row: tensor("float32", [4, 1, 2], [0, 1, 100, 101, 200, 201, 300, 301]),
        geometry: {
          source: { height: 1, width: 2 },
          resized: { height: 1, width: 2 },
          top: 0,
          left: 0,
          row: { height: 1, width: 2 },
        },
        decodeMs: expect.any(Number),
        preprocessMs: expect.any(Number),
      },
    });
    expect(memory).toMatchObject([{ byteLength: 4 * 2 * 4 }]);
  });

  test("says what a model of bands takes to who sends a picture, or something else", async () => {
    for (const [bytes, got] of [
      [digitPng(3), "PNG"],
      [new TextEncoder().encode("<!doctype html><html></html>"), "HTML page"],
    ] as const) {
      const { outcome } = await run(preprocessTask(bytes, { spec: BANDS }));
      expect(outcome).toEqual({
        error: {
          code: "INVALID_ARGUMENT",
          message: expect.stringMatching(
            `^the model takes 4 bands: expected a raw array \\{"b64", "shape", "dtype", "layout"\\}, got .*${got}`,
          ),
        },
      });
    }
  });

  test("answers an array of other bands, or past the limit, with an error as data", async () => {
    const { bytes, array } = rawArray(() => 0, ARRAY, "uint8");
    const { outcome: refused } = await run(preprocessTask(bytes, { array }));
    expect(refused).toMatchObject({ error: { code: "INVALID_ARGUMENT" } });
    const { outcome: large } = await run(preprocessTask(bytes, { array, spec: BANDS, maxImagePixels: 1 }));
    expect(large).toMatchObject({ error: { code: "IMAGE_TOO_LARGE" } });
  });

  test.each([
    ["an HTML page", new TextEncoder().encode("<!doctype html><html></html>"), {}, "INVALID_IMAGE"],
    ["nothing", new Uint8Array(), {}, "INVALID_IMAGE"],
    ["an image past the limit", digitPng(3), { maxImagePixels: 1 }, "IMAGE_TOO_LARGE"],
  ])("answers %s with an error as data", async (_, bytes, change, code) => {
    const { outcome } = await run(preprocessTask(bytes, change));
    expect(outcome).toEqual({ error: { code, message: expect.any(String) } });
  });

  test("renders an answer and moves the memory of a map", async () => {
    const { outcome, memory } = await run(renderTask());
    expect(outcome).toEqual({ result: tensor("uint8", [1, 2], [0, 1]) });
    expect(memory).toMatchObject([{ byteLength: 2 }]);
  });

  test("answers a mask of what was no image with an error as data", async () => {
    const { outcome } = await run(renderTask({ signature: "mask" }));
    expect(outcome).toMatchObject({ error: { code: "INVALID_ARGUMENT" } });
  });

  test("rejects for an error of its own, so that the log gets its stack", async () => {
    await expect(runImageTask(renderTask({ signature: "scores" }))).rejects.toMatchObject({
      code: "INTERNAL",
    });
  });
});
