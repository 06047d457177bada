import sharp from "sharp";
import { describe, expect, onTestFinished, test } from "vitest";
import { imageInstance } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import type { FolderFiles } from "../support/model-folder.ts";
import { npy } from "../support/npy.ts";
import { bandMeans, classifier, largestBand, uint8Image } from "../support/onnx/image-models.ts";
import { arrayObject, type NumberAt, rawArray } from "../support/raw-array.ts";
import { solidPng } from "../support/solid-png.ts";
import { startServer } from "../support/start-server.ts";

async function serve(files: FolderFiles, ...flags: string[]): Promise<string> {
  const started = await startServer({ files, flags });
  onTestFinished(() => started.close());
  return started.url;
}

const MEANS = { task: "generic" };
const AS_THEY_COME = { ...MEANS, preprocess: { rescale_factor: 1 } };
const TILE = { bands: 6, height: 8, width: 8 };

/** Every pixel of a band is its number. */
const flat: NumberAt = (band) => 1000 * band + 7;
const FLAT = [7, 1007, 2007, 3007, 4007, 5007];

describe("a model of six bands", () => {
  const array = arrayObject(rawArray(flat, TILE, "uint16"));

  test.each([
    [
      "/analyze:predict",
      { instances: [{ image_bytes: array }, array, { bands: array, key: 5 }] },
      "predictions",
      3,
    ],
    ["/v1/models/model:predict", { instances: [{ image_bytes: array }, array] }, "predictions", 2],
    ["/v1/models/model:predict", { inputs: { bands: [array, array] } }, "outputs", 2],
    ["/v1/models/model:predict", { inputs: [array] }, "outputs", 1],
  ])("takes raw arrays at %s in every form", async (path, body, answered, count) => {
    const url = await serve({ "model.onnx": bandMeans(), "serving.json": AS_THEY_COME });
    const { json } = await request(`${url}${path}`, { body: { ...body, signature_name: "serving_default" } });
    expect(json).toEqual({ [answered]: new Array(count).fill(FLAT) });
  });

  test("takes the one-image form, bands first or last", async () => {
    const url = await serve({ "model.onnx": bandMeans({ layout: "HWC" }), "serving.json": AS_THEY_COME });
    for (const layout of ["HWC", "CHW"] as const) {
      const { dtype, b64, shape } = arrayObject(rawArray(flat, TILE, "uint16", layout));
      const answer = await request(`${url}/analyze:predict`, {
        body: { image_bytes: { dtype, b64, shape } },
      });
      expect(answer.json).toEqual({ prediction: FLAT });
    }
  });

  test("resizes, rescales and normalises each band", async () => {
    const url = await serve({
      "model.onnx": bandMeans(),
      "serving.json": {
        ...MEANS,
        preprocess: { rescale_factor: 0.001, mean: [0, 1, 2, 3, 4, 5], std: [0.5, 0.5, 0.5, 0.5, 0.5, 0.25] },
      },
    });
    const large = arrayObject(
      rawArray((band) => 1000 * band + 500, { ...TILE, height: 19, width: 31 }, "int16"),
    );
    const { json } = await request(`${url}/analyze:predict`, { body: { instances: [large] } });
    expect(json).toEqual({ predictions: [[1, 1, 1, 1, 1, 2]] });
  });

  test("divides bytes by 255 and nothing else where nobody says a factor", async () => {
    const url = await serve({ "model.onnx": bandMeans(), "serving.json": MEANS });
    const bytes = arrayObject(rawArray(() => 51, TILE, "uint8"));
    const floats = arrayObject(rawArray(() => 51, TILE, "float32"));
    const { json } = await request(`${url}/analyze:predict`, { body: { instances: [bytes, floats] } });
    const [byte, float] = json.predictions as number[][];
    expect(byte).toEqual(new Array(6).fill(expect.closeTo(0.2, 6)));
    expect(float).toEqual(new Array(6).fill(51));
  });

  test("answers NaN as null", async () => {
    const url = await serve({ "model.onnx": bandMeans(), "serving.json": AS_THEY_COME });
    const holes = arrayObject(rawArray((band) => (band === 2 ? Number.NaN : 1), TILE, "float32"));
    const { json } = await request(`${url}/analyze:predict`, { body: { instances: [holes] } });
    expect(json).toEqual({ predictions: [[1, 1, null, 1, 1, 1]] });
  });

  test("answers the bad arrays of a batch in their places, and the others as without them", async () => {
    const url = await serve(
      { "model.onnx": bandMeans(), "serving.json": AS_THEY_COME },
      "--max-image-pixels=100",
    );
    const large = arrayObject(rawArray(flat, { ...TILE, height: 11, width: 10 }, "uint16"));
    const instances = [
      { image_bytes: array },
      imageInstance(solidPng(8, 8, [1, 2, 3])),
      { image_bytes: { ...array, dtype: "uint8" } },
      { image_bytes: { ...array, shape: [8, 8, 6], layout: "CHW" } },
      { image_bytes: large },
      { image_bytes: array },
    ];
    const answer = await request(`${url}/analyze:predict`, { body: { instances } });
    expect([answer.status, answer.headers["x-failed-instances"]]).toEqual([200, "1,2,3,4"]);
    expect(answer.json.errors).toMatchObject([
      {
        instance: 1,
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(/^instances\[1\]: the model takes 6 bands: /),
      },
      {
        instance: 2,
        code: "INVALID_ARGUMENT",
        message: "instances[2].image_bytes: expected 384 bytes for [8, 8, 6] uint8, got 768",
      },
      {
        instance: 3,
        code: "INVALID_ARGUMENT",
        message: "instances[3]: expected an array of 6 bands, which the model takes, got [8, 8, 6] CHW",
      },
      { instance: 4, code: "IMAGE_TOO_LARGE" },
    ]);
    const predictions = answer.json.predictions as unknown[];
    expect([predictions[0], predictions[5]]).toEqual([FLAT, FLAT]);
    const refused = await request(`${url}/v1/models/model:predict`, { body: { instances } });
    expect([refused.status, refused.json.code, refused.json.instance]).toEqual([400, "INVALID_ARGUMENT", 2]);
  });

  test("refuses a raw picture and says what it takes", async () => {
    const url = await serve({ "model.onnx": bandMeans(), "serving.json": AS_THEY_COME });
    const answer = await request(`${url}/analyze:predict`, { body: solidPng(8, 8, [1, 2, 3]) });
    expect([answer.status, answer.json.code]).toEqual([400, "INVALID_ARGUMENT"]);
    expect(answer.json.error).toMatch(/the model takes 6 bands: expected a raw array .*, got PNG$/);
  });

  test("still takes nested numbers, as they are", async () => {
    const url = await serve({ "model.onnx": bandMeans(), "serving.json": MEANS });
    const nested = FLAT.map((number) => Array.from({ length: 8 }, () => new Array<number>(8).fill(number)));
    const { json } = await request(`${url}/v1/models/model:predict`, { body: { instances: [nested] } });
    expect(json).toEqual({ predictions: [FLAT] });
  });

  test("is proven by a golden pair of a NumPy file", async () => {
    const { bytes } = rawArray(flat, TILE, "uint16");
    const golden = (first: number) => ({
      "golden/tile.npy": npy({ descr: "<u2", shape: "(8, 8, 6)" }, bytes),
      "golden/expected.json": {
        image: "tile.npy",
        outputs: { means: { shape: [1, 6], data: [first, ...FLAT.slice(1)] } },
        tolerance: 1e-5,
      },
    });
    const model = { "model.onnx": bandMeans(), "serving.json": AS_THEY_COME };
    const url = await serve({ ...model, ...golden(7) });
    const { json } = await request(`${url}/v1/models/model/metadata`);
    expect(json.onnx_serving).toMatchObject({ golden: { passed: true } });
    const { server, close } = await startServer({ files: { ...model, ...golden(8) }, load: false });
    onTestFinished(close);
    await expect(server.load()).rejects.toThrow(
      /golden: the outputs differ from the training framework's by 0\.125,/,
    );
  });

  test("says in its metadata what it takes", async () => {
    const url = await serve({ "model.onnx": bandMeans(), "serving.json": AS_THEY_COME });
    const { json } = await request(`${url}/v1/models/model/metadata`);
    expect(json).toMatchObject({
      metadata: {
        signature_def: { signature_def: { serving_default: { inputs: { bands: { dtype: "DT_FLOAT" } } } } },
      },
      onnx_serving: {
        accepts: {
          pictures: false,
          arrays: {
            bands: 6,
            dtypes: expect.arrayContaining(["uint8", "uint16", "float64"]),
            layouts: ["HWC", "CHW"],
          },
        },
        preprocess: { color: "bands" },
      },
    });
  });

  test("answers masks at the size of the array", async () => {
    const url = await serve({ "model.onnx": largestBand(), "serving.json": { task: "segmentation" } });
    const upper: NumberAt = (band, y) => (band === (y < 8 ? 2 : 5) ? 900 : 0);
    const tall = arrayObject(rawArray(upper, { bands: 6, height: 16, width: 4 }, "uint16", "CHW"));
    const answer = await request(`${url}/analyze:predict`, {
      body: { signature_name: "mask", instances: [{ image_bytes: tall }] },
    });
    expect(answer.json).toEqual({
      predictions: [Array.from({ length: 16 }, (_, y) => new Array<number>(4).fill(y < 8 ? 2 : 5))],
    });
  });
});

describe("a model of three bands", () => {
  test("answers an array of bytes as the PNG of the same pixels", async () => {
    const url = await serve({
      "model.onnx": classifier(),
      "serving.json": {
        ...MEANS,
        preprocess: {
          mean: [0.4, 0.5, 0.6],
          std: [0.2, 0.3, 0.4],
          resize: { height: 8, width: 8, filter: "bicubic" },
        },
      },
    });
    const hashed: NumberAt = (band, y, x) => (band * 91 + y * 37 + x * 53 + x * y) % 256;
    const size = { bands: 3, height: 21, width: 13 };
    const pixels = rawArray(hashed, size, "uint8");
    const png = await sharp(pixels.bytes, { raw: { height: 21, width: 13, channels: 3 } })
      .png()
      .toBuffer();
    const planes = rawArray(hashed, size, "uint8", "CHW");
    const instances = [
      imageInstance(png),
      { image_bytes: arrayObject(pixels) },
      { image_bytes: arrayObject(planes) },
    ];
    const { json } = await request(`${url}/analyze:predict`, { body: { instances } });
    const [first, ...others] = json.predictions as number[][];
    expect(others).toEqual([first, first]);
  });

  test("refuses an array of grey: it is not guessed what the other bands are", async () => {
    const url = await serve({ "model.onnx": classifier() });
    const grey = arrayObject(rawArray(() => 1, { bands: 1, height: 8, width: 8 }, "uint8"));
    const answer = await request(`${url}/analyze:predict`, { body: { instances: [grey] } });
    expect([answer.status, answer.json.code]).toEqual([400, "INVALID_ARGUMENT"]);
  });

  test("of bytes refuses arrays of other types", async () => {
    const url = await serve({ "model.onnx": uint8Image() });
    const size = { bands: 3, height: 8, width: 8 };
    const bytes = arrayObject(rawArray((band) => (band === 1 ? 200 : 3), size, "uint8"));
    const wide = arrayObject(rawArray(() => 1, size, "uint16"));
    const answer = await request(`${url}/analyze:predict`, { body: { instances: [bytes, wide] } });
    expect(answer.json).toMatchObject({
      predictions: [1, {}],
      errors: [{ instance: 1, code: "INVALID_ARGUMENT" }],
    });
  });

  test("answers forty super-tiles of chip-n-scale in one body, in order", async () => {
    const url = await serve({ "model.onnx": classifier(), "serving.json": { task: "classification" } });
    const size = { bands: 3, height: 512, width: 512 };
    const tiles = [0, 1, 2].map((bright) => {
      const bytes = new Uint8Array(3 * 512 * 512).fill(255, bright * 512 * 512, (bright + 1) * 512 * 512);
      const array = { dtype: "uint8", shape: [size.bands, size.height, size.width], layout: "CHW" } as const;
      return { image_bytes: arrayObject({ bytes, array }) };
    });
    const classOf = (i: number) => (2 * i + (i >> 2)) % 3;
    const instances = Array.from({ length: 40 }, (_, i) => tiles[classOf(i)]);
    const answer = await request(`${url}/analyze:predict`, { body: { instances } });
    expect([answer.status, answer.json.errors]).toEqual([200, undefined]);
    expect(answer.json).toEqual({ predictions: instances.map((_, i) => classOf(i)) });
  }, 30_000);
});
