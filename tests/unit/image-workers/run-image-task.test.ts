import { transferableSymbol, valueSymbol } from "piscina";
import { describe, expect, test } from "vitest";
import type { PreprocessSpec } from "../../../src/image/preprocess-spec.ts";
import type { PreprocessTask, RenderTask } from "../../../src/image-workers/image-task.ts";
import { runImageTask } from "../../../src/image-workers/run-image-task.ts";
import { readParameters } from "../../../src/signature/parameters.ts";
import { digitPng } from "../../support/digits.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

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
