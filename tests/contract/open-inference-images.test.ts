import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { writeRawTensor } from "../../src/protocol/raw-tensor.ts";
import { request } from "../support/http-client.ts";
import { infer } from "../support/infer.ts";
import type { FolderFiles } from "../support/model-folder.ts";
import { torchvision, ultralytics } from "../support/onnx/detectors.ts";
import {
  bandMeans,
  classifier,
  segmentation,
  staticBatchOne,
  uint8Image,
} from "../support/onnx/image-models.ts";
import { arrayObject, rawArray } from "../support/raw-array.ts";
import { solidPng } from "../support/solid-png.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

async function serve(files: FolderFiles, ...flags: string[]): Promise<string> {
  const started = await startServer({ files, flags });
  onTestFinished(() => started.close());
  return `${started.url}/v2/models/model`;
}

const RED = solidPng(8, 8, [255, 0, 0]);
const GREEN = solidPng(8, 8, [0, 255, 0]);
const BLUE = solidPng(8, 8, [0, 0, 255]);
const COLORS = {
  "model.onnx": classifier(),
  "labels.txt": "red\ngreen\nblue\n",
  "serving.json": { preprocess: { mean: [0], std: [1] } },
};
const base64 = (...images: Buffer[]) => images.map((image) => image.toString("base64"));
const encoded = (...images: Buffer[]) => ({
  name: "image",
  shape: [images.length],
  datatype: "BYTES",
  data: base64(...images),
});
/** What stands behind the JSON of a request, and the input that says so. */
function binary(...images: Buffer[]) {
  const tail = writeRawTensor({ dtype: "bytes", shape: [images.length], data: images });
  const parameters = { binary_data_size: tail.length };
  return { tail, input: { name: "image", shape: [images.length, 1], datatype: "BYTES", parameters } };
}

describe("images into a classifier", () => {
  let started: StartedServer;
  let url: string;
  beforeAll(async () => {
    started = await startServer({ files: COLORS });
    url = `${started.url}/v2/models/model/infer`;
  });
  afterAll(() => started.close());
  const label = { signature_name: "label" };
  const labels = (...data: string[]) => [{ name: "label", datatype: "BYTES", shape: [data.length], data }];

  test("are shown as BYTES in the metadata, beside the tensor that is taken as well", async () => {
    expect((await request(url.replace("/infer", ""))).json).toMatchObject({
      inputs: [
        {
          name: "image",
          datatype: "BYTES",
          shape: [-1],
          parameters: { content_type: "image", tensor_datatype: "FP32", tensor_shape: "[-1, 3, 8, 8]" },
        },
      ],
      outputs: [{ name: "logits", datatype: "FP32", shape: [-1, 3] }],
      signatures: ["serving_default", "class", "label", "scores", "top_k"],
    });
  });

  test("are answered with the model's own outputs", async () => {
    const { json } = await infer(url, { inputs: [encoded(RED, BLUE)] });
    expect(json.outputs).toEqual([
      { name: "logits", datatype: "FP32", shape: [2, 3], data: [1, 0, 0, 0, 0, 1] },
    ]);
  });

  test("come as base64 in JSON or as bytes behind it", async () => {
    const { tail, input } = binary(GREEN, RED);
    const ofBytes = await infer(url, { inputs: [input], parameters: label }, { tail });
    expect(ofBytes.json.outputs).toEqual(labels("green", "red"));
    const ofText = await infer(url, { inputs: [encoded(GREEN, RED)], parameters: label });
    expect(ofText.json.outputs).toEqual(labels("green", "red"));
  });

  test("may be so long that they pass by the parser", async () => {
    const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251));
    const image = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer();
    const long = await infer(url, { id: "7", inputs: [encoded(image, RED)] });
    const { tail, input } = binary(image, RED);
    expect(long.json).toEqual({ ...(await infer(url, { inputs: [input] }, { tail })).json, id: "7" });
  });

  test("come one as the whole body: the answer is JSON, or binary where the length of the JSON is 0", async () => {
    const json = await infer(url, BLUE);
    expect(json.json.outputs).toEqual([{ name: "logits", datatype: "FP32", shape: [1, 3], data: [0, 0, 1] }]);
    const raw = await infer(url, BLUE, { headers: { "Inference-Header-Content-Length": 0 } });
    expect(raw.binaries.logits).toEqual(Buffer.from(Float32Array.of(0, 0, 1).buffer));
  });

  test("may be the tensor that the model takes, or the pixels of pictures of any size", async () => {
    const data = Array.from({ length: 3 * 64 }, (_, i) => (i < 64 ? 1 : 0));
    const tensor = { name: "image", shape: [1, 3, 8, 8], datatype: "FP32", data };
    expect((await infer(url, { inputs: [tensor], parameters: label })).json.outputs).toEqual(labels("red"));
    const pixels = new Array(2 * 5 * 4).fill([0, 255, 0]).flat();
    for (const input of [
      { name: "image", shape: [2, 5, 4, 3], datatype: "UINT8", data: pixels },
      { name: "image", shape: [2, 5, 4, 3], datatype: "INT16", data: pixels, parameters: { layout: "HWC" } },
    ]) {
      const { json } = await infer(url, { inputs: [input], parameters: label });
      expect(json.outputs).toEqual(labels("green", "green"));
    }
  });

  test("are classified as Triton does it", async () => {
    const outputs = [{ name: "logits", parameters: { classification: 2 } }];
    const { json } = await infer(url, { inputs: [encoded(GREEN, BLUE)], outputs });
    expect(json.outputs).toEqual([
      {
        name: "logits",
        datatype: "BYTES",
        shape: [2, 2],
        data: ["1.0:1:green", "0.0:0:red", "1.0:2:blue", "0.0:0:red"],
      },
    ]);
  });

  test("are answered with the tensors of any signature, which takes its parameters", async () => {
    const { json, binaries } = await infer(url, {
      inputs: [encoded(BLUE)],
      parameters: { signature_name: "top_k", k: 2 },
      outputs: [{ name: "class" }, { name: "score", parameters: { binary_data: true } }, { name: "label" }],
    });
    expect(json.outputs).toEqual([
      { name: "class", datatype: "INT64", shape: [1, 2], data: [2, 0] },
      { name: "score", datatype: "FP32", shape: [1, 2], parameters: { binary_data_size: 8 } },
      { name: "label", datatype: "BYTES", shape: [1, 2], data: ["blue", "red"] },
    ]);
    expect(binaries.score).toHaveLength(8);
  });

  test.each([
    ["an image that is none", { inputs: [encoded(RED, Buffer.from("<html>"))] }, "INVALID_IMAGE"],
    [
      "an image that is not base64",
      { inputs: [{ ...encoded(RED, RED), data: [...base64(RED), "!"] }] },
      "INVALID_BASE64",
    ],
  ])("fail together with %s", async (_, body, code) => {
    const { status, json } = await infer(url, body);
    expect({ status, json }).toMatchObject({ status: 400, json: { code, instance: 1 } });
  });
});

test("one bad image fails a request of tensors under ON_BAD_INSTANCE=report too: a tensor has no place for it", async () => {
  const url = await serve(COLORS, "--on-bad-instance=report");
  const { status, json } = await infer(`${url}/infer`, { inputs: [encoded(RED, Buffer.from("<html>"))] });
  expect({ status, json }).toMatchObject({ status: 400, json: { code: "INVALID_IMAGE", instance: 1 } });
});

test("DEFAULT_SIGNATURE is what is answered, and what the metadata shows", async () => {
  const url = await serve(COLORS, "--default-signature=class");
  expect((await infer(`${url}/infer`, GREEN)).json.outputs).toEqual([
    { name: "class", datatype: "INT64", shape: [1], data: [1] },
  ]);
  expect((await request(url)).json).toMatchObject({
    outputs: [{ name: "class", datatype: "INT64", shape: [-1] }],
  });
});

test("a batch size that the graph fixes is no limit, and not shown", async () => {
  const url = await serve({ ...COLORS, "model.onnx": staticBatchOne() });
  const { json } = await infer(`${url}/infer`, { inputs: [encoded(RED, GREEN)] });
  expect(json.outputs).toMatchObject([{ shape: [2, 3], data: [1, 0, 0, 0, 1, 0] }]);
  expect((await request(url)).json).toMatchObject({
    inputs: [{ parameters: { tensor_shape: "[-1, 3, 8, 8]" } }],
    outputs: [{ shape: [-1, 3] }],
  });
});

describe("a model that takes one picture at a time", () => {
  test("answers each with a row, and shows it so", async () => {
    const url = await serve({ "model.onnx": torchvision({ isBatched: false }) });
    const inputs = [{ ...encoded(RED, RED), name: "images" }];
    const { json } = await infer(`${url}/infer`, { inputs, outputs: [{ name: "boxes" }] });
    expect(json.outputs).toMatchObject([{ shape: [2, 1, 4] }]);
    expect((await request(url)).json).toMatchObject({
      inputs: [{ parameters: { tensor_shape: "[3, 8, 8]" } }],
      outputs: [{ shape: [-1, -1, 4] }, { shape: [-1, -1] }, { shape: [-1, -1] }],
    });
  });

  test("has no other form for a tensor than its own", async () => {
    const url = `${await serve({ "model.onnx": torchvision({ isBatched: false }) })}/infer`;
    const inputs = [{ name: "images", shape: [3, 8, 8], datatype: "FP32", data: new Array(192).fill(1) }];
    expect((await infer(url, { inputs })).json.outputs).toMatchObject([{ shape: [3, 4] }, {}, {}]);
    const parameters = { signature_name: "boxes" };
    expect((await infer(url, { inputs, parameters })).json).toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("a segmentation model", () => {
  test("answers masks of one size as a tensor, and refuses to make one of several", async () => {
    const url = `${await serve({ "model.onnx": segmentation() })}/infer`;
    const parameters = { signature_name: "mask" };
    const [wide, tall] = [solidPng(2, 4, [0, 0, 255]), solidPng(4, 2, [0, 255, 0])];
    const one = await infer(url, { inputs: [encoded(wide, wide)], parameters });
    expect(one.json.outputs).toEqual([
      { name: "mask", datatype: "UINT8", shape: [2, 2, 4], data: new Array(16).fill(2) },
    ]);
    const several = await infer(url, { inputs: [encoded(wide, tall)], parameters });
    expect(several.json).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("answers PNGs as their bytes, in JSON as base64", async () => {
    const url = `${await serve({ "model.onnx": segmentation() })}/infer`;
    const inputs = [encoded(solidPng(2, 4, [0, 0, 255]))];
    const { json } = await infer(url, { inputs, parameters: { signature_name: "mask_png" } });
    const [output] = json.outputs as { parameters: object; data: string[] }[];
    expect(output).toMatchObject({ datatype: "BYTES", shape: [1], parameters: { content_type: "base64" } });
    const raw = await infer(url, {
      inputs,
      parameters: { signature_name: "mask_png", binary_data_output: true },
    });
    const png = raw.binaries.mask_png?.subarray(4);
    expect(png?.toString("base64")).toBe(output?.data[0]);
    expect(await sharp(png).metadata()).toMatchObject({ format: "png", width: 4, height: 2 });
  });
});

describe("a detector", () => {
  test("answers detections as tensors, padded to the most", async () => {
    const url = `${await serve({ "model.onnx": torchvision({ isBatched: false }) })}/infer`;
    const inputs = [{ ...encoded(RED, solidPng(8, 8, [0, 0, 0])), name: "images" }];
    const detection = await infer(url, { inputs, parameters: { signature_name: "detection" } });
    expect(detection.json.outputs).toEqual([
      { name: "num_detections", datatype: "INT64", shape: [2], data: [1, 0] },
      { name: "detection_boxes", datatype: "FP32", shape: [2, 1, 4], data: [0, 0, 0.5, 0.5, 0, 0, 0, 0] },
      { name: "detection_scores", datatype: "FP32", shape: [2, 1], data: [1, 0] },
      { name: "detection_classes", datatype: "INT64", shape: [2, 1], data: [1, -1] },
    ]);
  });

  test("answers its boxes in pixels, and needs an image for them", async () => {
    const url = `${await serve({ "model.onnx": ultralytics(), "labels.txt": "red\ngreen\nblue\n" })}/infer`;
    const parameters = { signature_name: "boxes" };
    const inputs = [{ ...encoded(solidPng(16, 32, [255, 0, 0])), name: "images" }];
    expect((await infer(url, { inputs, parameters })).json.outputs).toEqual([
      { name: "label", datatype: "BYTES", shape: [1, 2], data: ["red", "red"] },
      { name: "class", datatype: "INT64", shape: [1, 2], data: [0, 0] },
      { name: "score", datatype: "FP32", shape: [1, 2], data: [1, 0.5] },
      { name: "box", datatype: "FP32", shape: [1, 2, 4], data: [1, 0, 17, 8, 16, 8, 32, 16] },
    ]);
    const tensor = { name: "images", shape: [1, 3, 8, 8], datatype: "FP32", data: new Array(192).fill(1) };
    expect((await infer(url, { inputs: [tensor], parameters })).json).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});

describe("models of raw arrays", () => {
  test("take bands of any type that says how they lie", async () => {
    const url = await serve({
      "model.onnx": bandMeans(),
      "serving.json": { task: "generic", preprocess: { rescale_factor: 1 } },
    });
    const { b64, shape } = arrayObject(
      rawArray((band) => 1000 * band, { bands: 6, height: 8, width: 8 }, "uint16"),
    );
    const tail = Buffer.from(b64, "base64");
    const parameters = { layout: "HWC", binary_data_size: tail.length };
    const input = { name: "bands", shape: [1, ...shape], datatype: "UINT16", parameters };
    expect((await infer(`${url}/infer`, { inputs: [input] }, { tail })).json.outputs).toMatchObject([
      { data: [0, 1000, 2000, 3000, 4000, 5000] },
    ]);
    expect((await request(url)).json).toMatchObject({ inputs: [{ datatype: "FP32", shape: [-1, 6, 8, 8] }] });
  });

  test("take UINT8 as it is where that is what the graph takes", async () => {
    const url = `${await serve({ "model.onnx": uint8Image(), "labels.txt": "red\ngreen\nblue\n" })}/infer`;
    const data = Array.from({ length: 192 }, (_, i) => (i < 64 ? 255 : 0));
    const inputs = [{ name: "image", shape: [1, 3, 8, 8], datatype: "UINT8", data }];
    expect((await infer(url, { inputs })).json.outputs).toMatchObject([{ data: [255, 0, 0] }]);
  });
});

test("a handler's answer is JSON text, and its parameters are those that are not the protocol's", async () => {
  const handler = "export function postprocess(result, { parameters }) { return { got: parameters }; }";
  const url = `${await serve({ ...COLORS, "handler.mjs": handler })}/infer`;
  const parameters = { signature_name: "custom", binary_data_output: false, anything: 5 };
  const { json } = await infer(url, { inputs: [encoded(RED, GREEN)], parameters });
  const text = '{"got":{"anything":5}}';
  expect(json.outputs).toEqual([{ name: "custom", datatype: "BYTES", shape: [2], data: [text, text] }]);
});
