import sharp from "sharp";
import { describe, expect, onTestFinished, test } from "vitest";
import { imageInstance } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import type { FolderFiles } from "../support/model-folder.ts";
import {
  argmaxed,
  channelsLast,
  classifier,
  float16Image,
  segmentation,
  staticBatchOne,
  uint8Image,
} from "../support/onnx/image-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { startServer } from "../support/start-server.ts";

async function serve(files: FolderFiles): Promise<string> {
  const started = await startServer({ files });
  onTestFinished(() => started.close());
  return `${started.url}/analyze:predict`;
}

const RED = [255, 0, 0] as const;
const GREEN = [0, 255, 0] as const;
const BLUE = [0, 0, 255] as const;
const filled = (height: number, width: number, value: number) =>
  Array.from({ length: height }, () => new Array<number>(width).fill(value));

describe("a segmentation model", () => {
  const instances = [RED, GREEN, BLUE].map((color) => imageInstance(solidPng(12, 20, color)));

  test("answers class maps at the size of its output by default, as fastai-serving does", async () => {
    const predictUrl = await serve({ "model.onnx": segmentation({ classes: 3 }) });
    const answer = await request(predictUrl, { body: { instances } });
    expect(answer.json).toEqual({ predictions: [filled(8, 8, 0), filled(8, 8, 1), filled(8, 8, 2)] });
  });

  test("answers masks at the size of the source image", async () => {
    const predictUrl = await serve({ "model.onnx": segmentation({ classes: 3 }) });
    const answer = await request(predictUrl, { body: { signature_name: "mask", instances } });
    expect(answer.json).toEqual({ predictions: [filled(12, 20, 0), filled(12, 20, 1), filled(12, 20, 2)] });
  });

  test("answers masks as palette PNGs, which sharp reads as the classes' colours", async () => {
    const predictUrl = await serve({ "model.onnx": segmentation({ classes: 3 }) });
    const { json } = await request(predictUrl, { body: { signature_name: "mask_png", instances } });
    const pictures = await Promise.all(
      (json.predictions as { b64: string }[]).map(({ b64 }) =>
        sharp(Buffer.from(b64, "base64")).raw().toBuffer({ resolveWithObject: true }),
      ),
    );
    expect(pictures.map(({ info }) => [info.height, info.width])).toEqual(new Array(3).fill([12, 20]));
    expect(pictures.map(({ data }) => [...data.subarray(0, 3)])).toEqual([
      [0, 0, 0],
      [128, 0, 0],
      [0, 128, 0],
    ]);
  });

  test("answers masks as raw bytes in base64, with their shape", async () => {
    const predictUrl = await serve({ "model.onnx": segmentation({ classes: 3 }) });
    const body = { signature_name: "base64_prediction", instances: instances.slice(2) };
    expect((await request(predictUrl, { body })).json).toEqual({
      predictions: [
        { base64_prediction: Buffer.alloc(240, 2).toString("base64"), shape: [12, 20], dtype: "uint8" },
      ],
    });
  });

  test("renders large masks in the image workers, with the same classes", async () => {
    const predictUrl = await serve({ "model.onnx": segmentation({ classes: 3, height: 160, width: 160 }) });
    const answer = await request(predictUrl, { body: { signature_name: "mask", instances } });
    expect(answer.json).toEqual({ predictions: [filled(12, 20, 0), filled(12, 20, 1), filled(12, 20, 2)] });
  });

  test("that takes the best class itself answers class maps and masks all the same", async () => {
    const predictUrl = await serve({ "model.onnx": argmaxed() });
    const maps = await request(predictUrl, { body: { instances } });
    expect(maps.json).toEqual({ predictions: [filled(8, 8, 0), filled(8, 8, 1), filled(8, 8, 2)] });
    const masks = await request(predictUrl, { body: { signature_name: "mask", instances } });
    expect(masks.json).toEqual({ predictions: [filled(12, 20, 0), filled(12, 20, 1), filled(12, 20, 2)] });
  });

  test("gives a plain tensor no mask: it has no source size", async () => {
    const predictUrl = await serve({ "model.onnx": segmentation({ classes: 3 }) });
    const row = [filled(8, 8, 1), filled(8, 8, 0), filled(8, 8, 0)];
    const answer = await request(predictUrl, { body: { signature_name: "mask", instances: [row] } });
    expect([answer.status, answer.json.code]).toEqual([400, "INVALID_ARGUMENT"]);
  });
});

describe("a multi-label model", () => {
  const CONFIG = {
    problem_type: "multi_label_classification",
    id2label: { 0: "red", 1: "green", 2: "blue" },
  };
  const instances = [[255, 255, 0] as const, [0, 0, 255] as const].map((color) =>
    imageInstance(solidPng(8, 8, color)),
  );
  const ask = async (predictUrl: string, signature_name: string) =>
    (await request(predictUrl, { body: { signature_name, parameters: { score_threshold: 0.6 }, instances } }))
      .json;

  test("answers every class and label at or above the threshold, of instances with different numbers", async () => {
    const predictUrl = await serve({ "model.onnx": classifier(), "config.json": CONFIG });
    expect(await ask(predictUrl, "class")).toEqual({ predictions: [[0, 1], [2]] });
    expect(await ask(predictUrl, "label")).toEqual({ predictions: [["red", "green"], ["blue"]] });
  });

  test("takes the threshold of serving.json, and refuses one out of its bounds", async () => {
    const serving = { multi_label: true, parameters: { score_threshold: 0.75 } };
    const predictUrl = await serve({ "model.onnx": classifier(), "serving.json": serving });
    expect((await request(predictUrl, { body: { instances } })).json).toEqual({ predictions: [[], []] });
    const refused = await request(predictUrl, { body: { parameters: { score_threshold: 2 }, instances } });
    expect([refused.status, refused.json.code]).toEqual([400, "INVALID_ARGUMENT"]);
  });
});

describe("an image model", () => {
  test.each([
    ["of a frozen batch of one", staticBatchOne()],
    ["with channels last", channelsLast()],
    ["in half precision", float16Image()],
    ["of bytes", uint8Image()],
    ["of any size", classifier({ height: "height", width: "width" })],
  ])("%s classifies ten pictures in one request", async (_, model) => {
    const predictUrl = await serve({ "model.onnx": model });
    const colors = [RED, GREEN, BLUE, BLUE, GREEN, RED, GREEN, BLUE, RED, RED];
    const sizes = (i: number) => ({ height: 8 + i, width: 30 - i });
    const instances = colors.map((color, i) =>
      imageInstance(solidPng(sizes(i).height, sizes(i).width, color)),
    );
    const answer = await request(predictUrl, { body: { instances } });
    expect(answer.json).toEqual({ predictions: [0, 1, 2, 2, 1, 0, 1, 2, 0, 0] });
  });

  test("without labels answers the class where a label is the default", async () => {
    const predictUrl = await serve({ "model.onnx": classifier() });
    expect((await request(predictUrl, { body: solidPng(8, 8, BLUE) })).json).toEqual({ prediction: 2 });
    const refused = await request(predictUrl, {
      body: { signature_name: "label", instances: [imageInstance(solidPng(8, 8, BLUE))] },
    });
    expect(refused.json).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("with labels from a file answers them", async () => {
    const predictUrl = await serve({ "model.onnx": classifier(), "labels.txt": "rouge\nvert\nbleu\n" });
    expect((await request(predictUrl, { body: solidPng(8, 8, GREEN) })).json).toEqual({ prediction: "vert" });
  });
});
