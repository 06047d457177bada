import { spawnSync } from "node:child_process";
import { afterAll, describe, expect, test } from "vitest";
import { decodeImage } from "../../src/image/decode.ts";
import { preprocess } from "../../src/image/preprocess.ts";
import type { PreprocessSpec } from "../../src/image/preprocess-spec.ts";
import { ImagePool } from "../../src/image-workers/image-pool.ts";
import { readParameters } from "../../src/signature/parameters.ts";
import { allocateIn, rowSlots } from "../../src/tensor/row-slots.ts";
import { DIGIT_NAMES, digitPng } from "../support/digits.ts";
import { tensor } from "../support/onnx/tensor-proto.ts";

const SPEC: PreprocessSpec = {
  color: "RGB",
  resize: { kind: "exact", size: { height: 16, width: 20 }, filter: "bicubic" },
  rescaleFactor: 1 / 255,
  rescaleOffset: 0,
  mean: [0.5, 0.4, 0.3],
  std: [0.2, 0.3, 0.4],
  layout: "CHW",
  dtype: "float32",
};
const HEAD = { task: "segmentation", output: "y", classes: 2, activation: "softmax" } as const;

let restarts = 0;
const pool = new ImagePool({
  workers: 2,
  maxImagePixels: 1e6,
  imageTimeoutMs: 30_000,
  onRestart: () => {
    restarts += 1;
  },
});
afterAll(async () => {
  await pool.close();
  expect(restarts).toBe(0);
});

describe("ImagePool", () => {
  test("gives each image the row that decoding and preprocessing it here gives", async () => {
    const digits = DIGIT_NAMES.map((_, digit) => digitPng(digit));
    const images = await Promise.all(digits.map((bytes) => pool.preprocess({ bytes }, SPEC)));
    for (const [digit, bytes] of digits.entries()) {
      const raster = await decodeImage(bytes, { color: "RGB", maxImagePixels: 1e6 });
      expect(images[digit]).toMatchObject(preprocess(raster, SPEC));
    }
  });

  test("writes rows into their slots, again and again", async () => {
    const slots = rowSlots(2, 3 * 16 * 20 * 4);
    for (const digit of [1, 2, 3]) {
      const bytes = digitPng(digit);
      const images = await Promise.all(slots.map((slot) => pool.preprocess({ bytes, slot }, SPEC)));
      const raster = await decodeImage(bytes, { color: "RGB", maxImagePixels: 1e6 });
      const { row } = preprocess(raster, SPEC);
      for (const [i, slot] of slots.entries()) {
        expect(images[i]?.row).toEqual(row);
        expect(allocateIn(slot, "float32", 960)).toEqual(row.data);
      }
    }
  });

  test.each([
    ["an HTML page", new TextEncoder().encode("<!doctype html><html></html>"), "INVALID_IMAGE"],
    ["half of an image", digitPng(3).subarray(0, 100), "INVALID_IMAGE"],
    ["nothing", new Uint8Array(), "INVALID_IMAGE"],
  ])("throws what the decoder says of %s", async (_, bytes, code) => {
    await expect(pool.preprocess({ bytes }, SPEC)).rejects.toMatchObject({ name: "ServingError", code });
  });

  test("renders the same answer as here, a row of a larger batch alone", async () => {
    const batch = tensor("float32", [2, 2, 1, 2], [0, 0, 0, 0, 1, 0, 0, 1]).data as Float32Array;
    const outputs = { y: { dtype: "float32", shape: [2, 1, 2], data: batch.subarray(4) } } as const;
    const rendered = await pool.render({
      signature: "class",
      head: HEAD,
      result: { outputs },
      parameters: readParameters({}, HEAD),
    });
    expect(rendered).toEqual(tensor("uint8", [1, 2], [0, 1]));
    expect(batch).toHaveLength(8);
  });

  test("throws what rendering throws, by its code", async () => {
    const result = { outputs: { y: tensor("float32", [2, 1, 1], [1, 0]) } };
    const rendering = pool.render({
      signature: "mask",
      head: HEAD,
      result,
      parameters: readParameters({}, HEAD),
    });
    await expect(rendering).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("can be closed at any moment while its workers load, without harm to the process", () => {
    const module = new URL("../../dist/image-workers/image-pool.js", import.meta.url);
    const program = `
      const { ImagePool } = await import(${JSON.stringify(module.href)});
      for (let ms = 0; ms < 200; ms += 8) {
        const pool = new ImagePool({ workers: 2, maxImagePixels: 1, imageTimeoutMs: 1000 });
        await new Promise((resolve) => setTimeout(resolve, ms));
        await pool.close();
      }`;
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program]);
    expect(stderr.toString()).toBe("");
    expect(status).toBe(0);
  });
});
