import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { valueSymbol } from "piscina";
import { describe, expect, test } from "vitest";
import { decodeImage } from "../../../src/image/decode.ts";
import { preprocess } from "../../../src/image/preprocess.ts";
import type { PreprocessSpec } from "../../../src/image/preprocess-spec.ts";
import type {
  PreprocessedImage,
  PreprocessTask,
  TaskOutcome,
} from "../../../src/image-workers/image-task.ts";
import { runImageTask } from "../../../src/image-workers/run-image-task.ts";
import { toFloat16Bits } from "../../../src/tensor/float16.ts";
import { digitPng } from "../../support/digits.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";
import { solidPng } from "../../support/solid-png.ts";

const SPEC: PreprocessSpec = {
  color: "RGB",
  resize: { kind: "exact", size: { height: 2, width: 3 }, filter: "bilinear" },
  rescaleFactor: 1,
  rescaleOffset: 0,
  mean: [1, 2, 3],
  std: [1, 1, 1],
  layout: "CHW",
  dtype: "float32",
};

function urlOf(handler: string): string {
  return pathToFileURL(join(temporaryModelFolder({ "handler.mjs": handler }), "handler.mjs")).href;
}

/** Returns what a worker answers, whether memory moves with it or not. */
async function run<Result>(task: Parameters<typeof runImageTask>[0]): Promise<TaskOutcome<Result>> {
  const answer = (await runImageTask(task)) as object;
  return (valueSymbol in answer ? answer[valueSymbol] : answer) as TaskOutcome<Result>;
}

const RED = solidPng(4, 6, [255, 0, 0]);

/** The task of an image that passes a handler of this text. */
function taskOf(
  handler: string,
  bytes: Uint8Array = RED,
  change: Partial<PreprocessSpec> = {},
  maxImagePixels = 1e6,
): PreprocessTask {
  const spec = { ...SPEC, ...change };
  const input = { name: "image", dtype: spec.dtype, shape: ["N", 3, 2, "W"] } as const;
  const hooks = { url: urlOf(handler), input };
  return { kind: "preprocess", bytes, spec, maxImagePixels, hooks };
}

const row = (...options: Parameters<typeof taskOf>) => run<PreprocessedImage>(taskOf(...options));

const resultOf = <Result>(outcome: TaskOutcome<Result>): Result => {
  if ("result" in outcome) return outcome.result;
  throw new Error(JSON.stringify(outcome.error));
};

describe("hookedRow", () => {
  test("gets the row of the image that preprocess returned, by the recipe", async () => {
    const handler = `export async function preprocess(image) {
      return { ...image, data: image.data.map((level) => 255 - level) };
    }`;
    const { row: got, geometry, decodeMs, preprocessMs } = resultOf(await row(handler, digitPng(3)));
    const raster = await decodeImage(digitPng(3), { color: "RGB", maxImagePixels: 1e6 });
    const inverted = { ...raster, data: Uint8Array.from(raster.data, (level) => 255 - level) };
    expect({ row: got, geometry }).toEqual(preprocess(inverted, SPEC));
    expect([decodeMs, preprocessMs].every((ms) => ms >= 0)).toBe(true);
  });

  test("is told of the input, the recipe and the limit; the pixels are a plain Uint8Array", async () => {
    const handler = `export function preprocess(image, context) {
      const told = JSON.stringify({ ...context, image: { ...image, data: image.data.constructor.name } });
      throw Object.assign(new Error(told), { code: "INVALID_ARGUMENT" });
    }`;
    const outcome = await row(handler);
    expect(JSON.parse("error" in outcome ? outcome.error.message : "")).toEqual({
      input: { name: "image", dtype: "float32", shape: [3, 2, "W"], layout: "CHW" },
      recipe: { color: "RGB", rescaleFactor: 1, rescaleOffset: 0, mean: [1, 2, 3], std: [1, 1, 1] },
      maxImagePixels: 1e6,
      image: { height: 4, width: 6, channels: 3, data: "Uint8Array" },
    });
  });

  test("gets the finished row that preprocess returned, in memory of its own", async () => {
    const task = taskOf(`const data = new Float32Array(24).fill(0.5);
      export const preprocess = () => { data[0] += 1; return { shape: [3, 2, 4], data }; };`);
    const { row: got, geometry } = resultOf(await run<PreprocessedImage>(task));
    // The module is loaded once, so its array is used again.
    const { row: next } = resultOf(await run<PreprocessedImage>(task));
    const rest = new Array<number>(23).fill(0.5);
    expect(got).toEqual(tensor("float32", [3, 2, 4], [1.5, ...rest]));
    expect(next).toEqual(tensor("float32", [3, 2, 4], [2.5, ...rest]));
    expect(geometry).toEqual({
      source: { height: 4, width: 6 },
      resized: { height: 2, width: 4 },
      top: 0,
      left: 0,
      row: { height: 2, width: 4 },
    });
  });

  test("has a finished row of floats rounded for a float16 input", async () => {
    const handler = `export const preprocess = () => ({ shape: [3, 2, 1], data: new Float32Array(6).fill(0.1) });`;
    const { row: got } = resultOf(await row(handler, RED, { dtype: "float16" }));
    expect(got).toEqual({
      dtype: "float16",
      shape: [3, 2, 1],
      data: new Uint16Array(6).fill(toFloat16Bits(0.1)),
    });
  });

  test("takes bytes for a uint8 input", async () => {
    const handler = `export const preprocess = () => ({ shape: [3, 2, 1], data: new Uint8Array(6).fill(9) });`;
    const { row: got } = resultOf(await row(handler, RED, { dtype: "uint8" }));
    expect(got).toEqual({ dtype: "uint8", shape: [3, 2, 1], data: new Uint8Array(6).fill(9) });
  });

  const RAW = `export function decode(bytes) {
    if (bytes[0] !== 82) return undefined;
    return { height: 1, width: 2, channels: 3, data: bytes.subarray(1) };
  }`;

  test("is decoded by decode, or by the server where that leaves it alone", async () => {
    const own = resultOf(await row(RAW, Uint8Array.of(82, 7, 8, 9, 7, 8, 9)));
    expect(own.row).toEqual(
      tensor("float32", [3, 2, 3], [6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6]),
    );
    expect(own.geometry.source).toEqual({ height: 1, width: 2 });
    const servers = resultOf(await row(RAW, RED));
    expect(servers.geometry.source).toEqual({ height: 4, width: 6 });
    expect(await row(RAW, Uint8Array.of(1))).toMatchObject({ error: { code: "INVALID_IMAGE" } });
  });

  test.each([
    ["decode", RAW, Uint8Array.of(82, 7, 8, 9, 7, 8, 9), 1],
    [
      "preprocess",
      "export const preprocess = () => ({ height: 5, width: 5, channels: 3, data: new Uint8Array(75) });",
      RED,
      24,
    ],
  ])("may have no more pixels than any other after %s", async (_, handler, bytes, maxImagePixels) => {
    expect(await row(handler, bytes, {}, maxImagePixels)).toMatchObject({
      error: { code: "IMAGE_TOO_LARGE" },
    });
  });

  test.each([
    ["nothing", "undefined", /expected \{ height.* returned \{"data":"Undefined"\}/],
    ["an image of one channel", "({ ...image, channels: 1 })", /channels: 3.*"channels":1/],
    ["too few levels", "({ ...image, height: 3 })", /expected 3 x 6 x 3 levels, the hook returned 72/],
    ["a list for levels", "({ ...image, data: [...image.data] })", /"data":"Array"/],
    [
      "a row of another shape",
      "({ shape: [3, 3, 1], data: new Float32Array(9) })",
      /shape \[3, 2, W\].*\[3,3,1\]/,
    ],
    ["a row with a batch", "({ shape: [1, 3, 2, 1], data: new Float32Array(6) })", /shape \[3, 2, W\]/],
    [
      "a row of another type",
      "({ shape: [3, 2, 1], data: new Float64Array(6) })",
      /Float32Array.*Float64Array/,
    ],
    ["a row of another size", "({ shape: [3, 2, 1], data: new Float32Array(5) })", /expected 6 elements/],
  ])("fails when preprocess returns %s; the log learns why", async (_, returned, why) => {
    const outcome = await row(`export const preprocess = (image) => ${returned};`);
    expect(outcome).toEqual({
      error: {
        code: "INTERNAL",
        message: "handler.mjs failed in preprocess",
        thrown: { message: expect.stringMatching(why), stack: expect.any(String) },
      },
    });
  });

  test.each(["INVALID_ARGUMENT", "INVALID_IMAGE", "UNSUPPORTED_FORMAT"])(
    "is turned down on purpose with %s, in the hook's words",
    async (code) => {
      const handler = `export function decode() { throw Object.assign(new Error("too dark"), { code: "${code}" }); }`;
      expect(await row(handler)).toEqual({ error: { code, message: "too dark" } });
    },
  );

  test.each([
    ["an error", `throw new RangeError("secret")`, "secret"],
    [
      "an error with a code of Node's",
      `throw Object.assign(new Error("secret"), { code: "ENOENT" })`,
      "secret",
    ],
    [
      "a code that is the server's alone",
      `throw Object.assign(new Error("secret"), { code: "QUEUE_FULL" })`,
      "secret",
    ],
    ["text", `throw "secret"`, "secret"],
    ["nothing", "throw undefined", "undefined"],
  ])("fails without a word to the caller when a hook throws %s", async (_, statement, message) => {
    const outcome = await row(`export async function preprocess() { ${statement}; }`);
    expect(outcome).toMatchObject({
      error: { code: "INTERNAL", message: "handler.mjs failed in preprocess", thrown: { message } },
    });
  });
});
