import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { imageInstance } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import type { FolderFiles } from "../support/model-folder.ts";
import { temporaryModelFolder } from "../support/model-folder.ts";
import { torchvision } from "../support/onnx/detectors.ts";
import { classifier } from "../support/onnx/image-models.ts";
import { node, value, writeModel } from "../support/onnx/model-writer.ts";
import { ServingProcess } from "../support/serving-process.ts";
import { solidPng } from "../support/solid-png.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

const NODES = {
  // Written in another order than they run.
  classify: { model: "classifier", from: "crops" },
  crops: { step: "crop", from: "detect.boxes" },
  detect: { model: "detector", from: "image" },
};
const OUTPUTS = { boxes: "detect.boxes", colors: "classify.label", logits: "classify.logits" };

const PARTS: FolderFiles = {
  "detector/model.onnx": torchvision(),
  "classifier/model.onnx": classifier(),
  "classifier/labels.txt": "red\ngreen\nblue\n",
};
const FILES: FolderFiles = { ...PARTS, "serving.json": { nodes: NODES, outputs: OUTPUTS } };

const WHITE = [255, 255, 255] as const;
const BLACK = [0, 0, 0] as const;
const RED = [255, 0, 0] as const;

/** Levels that differ from pixel to pixel, bright enough for the detector's three boxes. */
const NOISE = {
  height: 32,
  width: 48,
  data: Buffer.from(Array.from({ length: 32 * 48 * 3 }, (_, i) => 160 + ((i * 7919) % 95))),
};

const noise = () => sharp(NOISE.data, { raw: { ...NOISE, channels: 3 } });

async function serve(files: FolderFiles, flags: readonly string[] = []): Promise<string> {
  const started = await startServer({ files, flags });
  onTestFinished(() => started.close());
  return started.url;
}

describe("a composed model", () => {
  let started: StartedServer;
  beforeAll(async () => {
    started = await startServer({ files: FILES });
  });
  afterAll(() => started.close());
  const post = (path: string, body: Uint8Array | object) => request(started.url + path, { body });

  test("detects, then classifies each crop, in one request", async () => {
    const instances = [WHITE, BLACK, RED].map((color) => imageInstance(solidPng(16, 32, color)));
    const { status, json } = await post("/analyze:predict", { instances });
    const found = (label: string, box: number[]) => ({ label, class: Number(label), score: 1, box });
    expect([status, json]).toEqual([
      200,
      {
        predictions: [
          {
            boxes: [found("1", [0, 0, 16, 8]), found("2", [16, 0, 32, 8]), found("3", [0, 8, 32, 16])],
            colors: ["red", "red", "red"],
            logits: [
              [1, 1, 1],
              [1, 1, 1],
              [1, 1, 1],
            ],
          },
          { boxes: [], colors: [], logits: [] },
          { boxes: [found("1", [0, 0, 16, 8])], colors: ["red"], logits: [[1, 0, 0]] },
        ],
      },
    ]);
  });

  test.each([
    ["a raw image", (png: Buffer) => png, "/analyze:predict", "prediction"],
    ["image_bytes", (png: Buffer) => imageInstance(png), "/analyze:predict", "prediction"],
    [
      "TensorFlow Serving's rows",
      (png: Buffer) => ({ instances: [{ b64: png.toString("base64") }] }),
      "/v1/models/model:predict",
      "predictions",
    ],
  ])("answers %s", async (_, body, path, key) => {
    const { json } = await post(path, body(solidPng(16, 32, RED)));
    expect([json[key]].flat()[0]).toMatchObject({ colors: ["red"] });
  });

  test("fails a bad image alone", async () => {
    const instances = [RED, undefined, BLACK].map((color) =>
      imageInstance(color === undefined ? Buffer.from("no image") : solidPng(16, 32, color)),
    );
    const { status, headers, json } = await post("/analyze:predict", { instances });
    expect([status, headers["x-failed-instances"]]).toEqual([200, "1"]);
    expect(json.predictions).toMatchObject([
      { colors: ["red"] },
      { error: { code: "INVALID_IMAGE" } },
      { colors: [] },
    ]);
  });

  test.each(["png", "jpeg"] as const)(
    "sees in a crop of a %s what the classifier alone sees in it as a file",
    async (format) => {
      const file = await noise()[format]().toBuffer();
      const { json } = await post("/analyze:predict", file);
      const { boxes, logits } = json.prediction as { boxes: { box: number[] }[]; logits: number[][] };
      expect(boxes.map(({ box }) => box.join()).sort()).toEqual(["0,0,24,16", "0,16,48,32", "24,0,48,16"]);
      const alone = await serve({ "model.onnx": classifier() });
      const crops = await Promise.all(
        boxes.map(async ({ box: [left = 0, top = 0, right = 0, bottom = 0] }) => {
          const box = { left, top, width: right - left, height: bottom - top };
          return imageInstance(await sharp(file).extract(box).png().toBuffer());
        }),
      );
      const body = { signature_name: "serving_default", instances: crops };
      expect(logits).toEqual((await request(`${alone}/analyze:predict`, { body })).json.predictions);
    },
  );

  test("refuses signatures, parameters and tensors, which it has none of", async () => {
    const [instance] = [imageInstance(solidPng(16, 32, RED))];
    const answers = await Promise.all([
      post("/analyze:predict", { signature_name: "boxes", instances: [instance] }),
      post("/analyze:predict", { parameters: { k: 1 }, instances: [instance] }),
      post("/v1/models/model:predict", { inputs: { image: [[[[1, 2, 3]]]] } }),
    ]);
    expect(answers.map(({ status, json }) => [status, json.code])).toEqual(
      new Array(3).fill([400, "INVALID_ARGUMENT"]),
    );
  });

  test("says in its metadata how its models are linked, and in its metrics what each of them does", async () => {
    const { json } = await request(`${started.url}/v1/models/model/metadata`);
    expect(json.onnx_serving).toMatchObject({
      file: "serving.json",
      task: "generic",
      composition: {
        nodes: {
          detect: { model: "detector", from: { image: "image" } },
          crops: { step: "crop", from: "detect.boxes" },
          classify: { model: "classifier", from: { image: "crops" }, for_each_crop_of: "crops" },
        },
        outputs: OUTPUTS,
      },
    });
    const { text } = await request(`${started.url}/metrics`);
    for (const part of ["model/detector", "model/classifier"]) {
      expect(text).toMatch(new RegExp(`onnx_serving_batch_size_count\\{model="${part}"\\} [1-9]`));
    }
  });
});

describe("the steps of a composition", () => {
  test("resize, threshold and argmax stand between models", async () => {
    const nodes = {
      small: { step: "resize", from: "image", height: 8, width: 8, filter: "box" },
      colors: { model: "classifier", from: "small" },
      best: { step: "argmax", from: "colors.logits" },
      bright: { step: "threshold", from: "colors.logits", at_least: 0.5 },
      next: { model: "next", from: "best" },
    };
    const next = writeModel({
      inputs: [value("x", "int64", ["N"])],
      outputs: [value("y", "int64", ["N"])],
      nodes: [node("Add", ["x", "x"], ["y"])],
    });
    const outputs = { best: "best", bright: "bright", next: "next.y" };
    const url = await serve({ ...PARTS, "next/model.onnx": next, "serving.json": { nodes, outputs } });
    const instances = [[0, 200, 255] as const, RED].map((color) => imageInstance(solidPng(16, 32, color)));
    const { json } = await request(`${url}/analyze:predict`, { body: { instances } });
    expect(json.predictions).toEqual([
      { best: 2, bright: [0, 1, 1], next: 4 },
      { best: 0, bright: [1, 0, 0], next: 0 },
    ]);
  });

  test("a threshold leaves boxes out before they are cut, and a margin widens them", async () => {
    const nodes = {
      detect: { model: "detector", from: "image" },
      sure: { step: "threshold", from: "detect.boxes", at_least: 0.9 },
      crops: { step: "crop", from: "sure", margin: 0.5 },
      classify: { model: "classifier", from: "crops" },
    };
    const outputs = { sure: "sure", logits: "classify.logits" };
    const url = await serve({ ...PARTS, "serving.json": { nodes, outputs } });
    // Where the first box is, the brightest red; a wider crop is darker.
    const levels = Array.from({ length: 16 * 32 }, (_, i) => [i % 32 < 16 && i < 8 * 32 ? 255 : 240, 180, 0]);
    const raw = { width: 32, height: 16, channels: 3 } as const;
    const file = await sharp(Buffer.from(levels.flat()), { raw }).png().toBuffer();
    const { json } = await request(`${url}/analyze:predict`, { body: file });
    const { sure, logits } = json.prediction as { sure: { label: string }[]; logits: number[][] };
    expect(sure.map(({ label }) => label)).toEqual(["1"]);
    // 24 x 12 pixels instead of 16 x 8.
    expect(logits).toEqual([
      [expect.closeTo((255 * 128 + 240 * 160) / 288 / 255, 3), expect.closeTo(180 / 255, 2), 0],
    ]);
  });

  test("crops pass the second model's own handler", async () => {
    const handler = "export function preprocess(image) { image.data.fill(255); return image; }";
    const nodes = {
      detect: { model: "detector", from: "image" },
      crops: { step: "crop", from: "detect.boxes" },
      classify: { model: "classifier", from: "crops" },
      again: { model: "other", from: "crops" },
    };
    const outputs = { logits: "classify.logits", others: "again.logits" };
    const url = await serve({
      ...PARTS,
      "classifier/handler.mjs": handler,
      "other/model.onnx": classifier(),
      "serving.json": { nodes, outputs },
    });
    const { json } = await request(`${url}/analyze:predict`, { body: solidPng(16, 32, RED) });
    // What one handler writes into its pixels no other crop sees.
    expect(json.prediction).toEqual({ logits: [[1, 1, 1]], others: [[1, 0, 0]] });
  });
});

describe("the start of a composed model", () => {
  const refusal = async (files: FolderFiles, flags: readonly string[] = []) =>
    (await startServer({ files, flags }).then(
      (started) => started.close(),
      (error: Error) => error,
    )) as Error | undefined;
  const composed = (nodes: object, outputs: object = OUTPUTS) => ({
    ...PARTS,
    "serving.json": { nodes, outputs },
  });

  test.each([
    [
      "a circle",
      composed({ ...NODES, detect: { model: "detector", from: "crops" } }),
      [],
      /go round in a circle/,
    ],
    [
      "an unknown port",
      composed(NODES, { x: "classify.lable" }),
      [],
      /outputs\.x: classify gives no "lable"/,
    ],
    [
      "an unknown key",
      composed({ ...NODES, crops: { step: "crop", from: "detect.boxes", margn: 1 } }),
      [],
      /unknown key "nodes\.crops\.margn"/,
    ],
    [
      "an unknown step",
      composed({ ...NODES, crops: { step: "cut", from: "detect.boxes" } }),
      [],
      /nodes\.crops/,
    ],
    [
      "a folder that is not there",
      composed({ ...NODES, detect: { model: "detectr", from: "image" } }),
      [],
      /model "detectr": there is no such folder/,
    ],
    [
      "a folder outside",
      composed({ ...NODES, detect: { model: "../x", from: "image" } }),
      [],
      /model "\.\.\/x" is outside/,
    ],
    [
      "a part without a model",
      { ...composed({ ...NODES, detect: { model: "empty", from: "image" } }), "empty/labels.txt": "" },
      [],
      /empty holds no \*\.onnx file/,
    ],
    ["MODEL_FILE", FILES, ["--model-file=a.onnx"], /^MODEL_FILE is for a single model/],
    [
      "DEFAULT_SIGNATURE",
      FILES,
      ["--default-signature=boxes"],
      /^DEFAULT_SIGNATURE boxes is for a single model/,
    ],
  ])("is refused for %s with one line", async (_, files, flags, message) => {
    const error = await refusal(files, flags);
    expect(error?.name).toBe("StartupError");
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain("\n");
  });

  test("takes the highest version folder, and serves it beside a single model", async () => {
    const inFolder = (folder: string, files: FolderFiles) =>
      Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));
    const files = { ...inFolder("cars/3", FILES), "colors/model.onnx": classifier() };
    const root = temporaryModelFolder(files);
    const { url, close } = await startServer({ source: `--model-base-path=${root}` });
    onTestFinished(close);
    const instances = [{ b64: solidPng(16, 32, RED).toString("base64") }];
    const ask = (path: string) => request(`${url}/v1/models/${path}:predict`, { body: { instances } });
    expect((await ask("cars/versions/3")).json.predictions).toMatchObject([{ colors: ["red"] }]);
    expect((await ask("colors")).json.predictions).toEqual([[1, 0, 0]]);
  });

  test("is tried by `check`, which shows the links", async () => {
    const child = new ServingProcess(["check", temporaryModelFolder(FILES)]);
    const { code, stdout } = await child.finished();
    expect(code).toBe(0);
    expect(stdout).toMatch(/classify +model classifier, for each crop of crops +<- crops/);
    expect(stdout).toMatch(/colors +classify\.label: for each crop of crops "label"/);
  });
});
