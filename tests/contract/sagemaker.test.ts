import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { readNpyHeader } from "../../src/tensor/npy-header.ts";
import { digitPng, imageInstance } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import type { FolderFiles } from "../support/model-folder.ts";
import { npy } from "../support/npy.ts";
import { bandMeans, classifier, segmentation, uint8Image } from "../support/onnx/image-models.ts";
import { halfPlusTwo, noBatchAxis, severalOutputs, twoInputs } from "../support/onnx/tensor-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

let started: StartedServer;
beforeAll(async () => {
  started = await startServer();
});
afterAll(() => started.close());

async function serve(files: FolderFiles, flags: readonly string[] = []): Promise<string> {
  const own = await startServer({ files, flags });
  onTestFinished(() => own.close());
  return own.url;
}

const NPY = "application/x-npy";

/** A NumPy file of numbers. */
function floats(shape: readonly number[], numbers: readonly number[]): Uint8Array {
  const text = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  return npy({ descr: "<f4", shape: text }, new Uint8Array(Float32Array.from(numbers).buffer));
}

/** A NumPy file of pictures of one colour each. */
function pictures(colors: readonly (readonly number[])[], [height, width] = [8, 8]): Uint8Array {
  const pixels = colors.flatMap((color) => Array.from({ length: height * width }, () => color).flat());
  const shape = `(${colors.length}, ${height}, ${width}, 3)`;
  return npy({ descr: "|u1", shape }, Uint8Array.from(pixels));
}

const RED = [255, 0, 0] as const;
const BLUE = [0, 0, 255] as const;

function invoke(url: string, body: Uint8Array | object | string, headers: Record<string, string> = {}) {
  return request(`${url}/invocations`, { body, headers });
}

describe("POST /invocations", () => {
  test.each(["image/png", "application/x-image", "application/octet-stream"])(
    "answers a raw image of type %s",
    async (type) => {
      const { json } = await invoke(started.url, digitPng(6), { "content-type": type });
      expect(json).toEqual({ prediction: "six" });
    },
  );

  test.each([
    ["instances", { instances: [imageInstance(digitPng(1)), { data: digitPng(2).toString("base64") }] }],
    ["inputs", { inputs: [1, 2].map((digit) => ({ b64: digitPng(digit).toString("base64") })) }],
  ])("answers JSON with %s", async (key, body) => {
    const { json } = await invoke(started.url, body, { "content-type": "application/json" });
    expect(json).toEqual({ [key === "inputs" ? "outputs" : "predictions"]: [1, 2] });
  });

  test("answers JSON with image_bytes", async () => {
    const { json } = await invoke(started.url, imageInstance(digitPng(9)));
    expect(json).toEqual({ prediction: "nine" });
  });

  test("takes the model that TorchServe's ?model_name= or SageMaker's path names", async () => {
    const own = await request(`${started.url}/invocations?model_name=model`, { body: digitPng(3) });
    expect(own.json).toEqual({ prediction: "three" });
    const other = await request(`${started.url}/invocations?model_name=lynx`, { body: digitPng(3) });
    expect([other.status, other.json.code]).toEqual([404, "NOT_FOUND"]);
    const path = await request(`${started.url}/models/model/invoke`, { body: digitPng(3) });
    expect(path.json).toEqual({ prediction: "three" });
    const none = await request(`${started.url}/models/%E0%A4%A/invoke`, { body: digitPng(3) });
    expect(none.status).toBe(404);
  });

  test("reports a bad instance in its place", async () => {
    const body = { instances: [imageInstance(Buffer.from("<html>")), imageInstance(digitPng(2))] };
    const { status, headers, json } = await invoke(started.url, body);
    expect([status, headers["x-failed-instances"]]).toEqual([200, "0"]);
    expect(json.predictions).toMatchObject([{ error: { code: "INVALID_IMAGE" } }, 2]);
  });

  test("passes the custom attributes back, with an answer and with an error", async () => {
    const headers = { "x-amzn-sagemaker-custom-attributes": "trace_id=1,part=2" };
    for (const body of [digitPng(1), "no JSON"]) {
      const answer = await invoke(started.url, body, headers);
      expect(answer.headers).toMatchObject(headers);
    }
  });
});

describe("a NumPy file", () => {
  test("is a batch of pictures where its type is not the model's", async () => {
    const url = await serve({ "model.onnx": classifier() });
    const { json } = await invoke(url, pictures([RED, BLUE], [5, 11]), { "content-type": NPY });
    expect(json).toEqual({
      predictions: [
        [1, 0, 0],
        [0, 0, 1],
      ],
    });
  });

  test("is the input itself where it is of the model's type", async () => {
    const url = await serve({ "model.onnx": classifier() });
    const numbers = Array.from({ length: 2 * 3 * 64 }, (_, i) => Math.floor(i / 64));
    const { json } = await invoke(url, floats([2, 3, 8, 8], numbers));
    expect(json).toEqual({
      predictions: [
        [0, 1, 2],
        [3, 4, 5],
      ],
    });
  });

  test("is pixels and input alike for a model of bytes", async () => {
    const url = await serve({ "model.onnx": uint8Image() });
    const chw = Uint8Array.from({ length: 3 * 64 }, (_, i) => Math.floor(i / 64));
    const { json } = await invoke(url, npy({ descr: "|u1", shape: "(1, 3, 8, 8)" }, chw));
    expect(json).toEqual({ predictions: [[0, 1, 2]] });
  });

  test("is pictures of as many bands as the model has", async () => {
    const url = await serve({ "model.onnx": bandMeans({ bands: 6 }) });
    const bands = new Uint8Array(Uint16Array.from({ length: 6 * 64 }, (_, i) => Math.floor(i / 64)).buffer);
    const answer = await invoke(url, npy({ descr: "<u2", shape: "(1, 6, 8, 8)" }, bands));
    expect(answer.status).toBe(200);
    expect((answer.json.predictions as number[][])[0]).toHaveLength(6);
  });

  test("is the rows of a model that takes tensors", async () => {
    const url = await serve({ "model.onnx": halfPlusTwo() });
    expect((await invoke(url, floats([3], [0, 2, 4]))).json).toEqual({ predictions: [2, 3, 4] });
  });

  test("is the whole input of a model without a batch axis", async () => {
    const url = await serve({ "model.onnx": noBatchAxis() });
    const inputs = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    const own = await request(`${url}/v1/models/model:predict`, { body: { inputs } });
    const answer = await invoke(url, floats([2, 3], inputs.flat()));
    expect([answer.status, answer.json]).toEqual([200, own.json]);
  });

  test.each([
    ["is cut off in its header", floats([3], [1, 2, 3]).subarray(0, 40), "cut off or damaged"],
    ["is cut off in its numbers", floats([3], [1, 2, 3]).subarray(0, -4), "all numbers of [3] float32"],
    ["has half a number too much", new Uint8Array([...floats([3], [1, 2, 3]), 0, 0]), "got 14 bytes"],
    ["has no row", floats([0], []), "at least one row"],
    ["is a scalar", npy({ descr: "<f4", shape: "()" }, new Uint8Array(4)), "at least one row"],
    ["has another shape", floats([1, 2], [1, 2]), "expected shape [N], got [1, 2]"],
    ["has another type", npy({ descr: "<f8", shape: "(1,)" }, new Uint8Array(8)), "float32, got <f8"],
    ["is big-endian", npy({ descr: ">f4", shape: "(1,)" }, new Uint8Array(4)), 'astype("<f4")'],
    [
      "is in Fortran order",
      npy({ descr: "<f4", shape: "(1,)", order: "True" }, new Uint8Array(4)),
      "Fortran",
    ],
    ["has a type of its own", npy({ descr: "constructor", shape: "(1,)" }, new Uint8Array(4)), "constructor"],
    ["has a huge shape", npy({ descr: "<f4", shape: "(1000000000,)" }, new Uint8Array(4)), "at most 1024"],
  ])("is refused where it %s", async (_, file, text) => {
    const url = await halfUrl();
    const { status, json } = await invoke(url, file);
    expect([status < 500, json.error]).toEqual([true, expect.stringContaining(text)]);
    expect(status).toBe(text.startsWith("at most") ? 413 : 400);
  });

  let half: StartedServer | undefined;
  afterAll(() => half?.close());
  async function halfUrl(): Promise<string> {
    half ??= await startServer({ files: { "model.onnx": halfPlusTwo() } });
    return half.url;
  }

  test.each([
    ["pixels of five axes", npy({ descr: "|u1", shape: "(1, 1, 8, 8, 3)" }, new Uint8Array(192)), "pixels"],
    ["pixels of no size", npy({ descr: "|u1", shape: "(1, 0, 8, 3)" }, new Uint8Array(0)), "pixels"],
    ["pixels that are cut off", pictures([RED]).subarray(0, -1), "all numbers"],
    [
      "an input of another shape",
      floats([1, 3, 8, 7], new Array(168).fill(0)),
      "[N, 3, 8, 8], got [1, 3, 8, 7]",
    ],
  ])("is refused by a model of images: %s", async (_, file, text) => {
    const url = await serve({ "model.onnx": classifier() });
    const { status, json } = await invoke(url, file);
    expect([status, json.error]).toEqual([400, expect.stringContaining(text)]);
  });

  test("is refused by a model of several inputs", async () => {
    const url = await serve({ "model.onnx": twoInputs() });
    const { status, json } = await invoke(url, floats([1, 2], [1, 2]));
    expect([status, json.error]).toEqual([400, expect.stringContaining("the model has 2 inputs")]);
  });
});

describe("Accept: application/x-npy", () => {
  async function askNpy(url: string, body: Uint8Array | object) {
    const answer = await fetch(`${url}/invocations`, {
      method: "POST",
      headers: { accept: NPY },
      body: body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body),
    });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const { descr, shape, end = 0 } = readNpyHeader(bytes) ?? {};
    return {
      status: answer.status,
      type: answer.headers.get("content-type"),
      descr,
      shape,
      numbers: bytes.slice(end),
    };
  }

  test("answers the raw outputs of all instances as one array", async () => {
    const url = await serve({ "model.onnx": classifier() });
    const { numbers, ...head } = await askNpy(url, pictures([RED, BLUE]));
    expect(head).toEqual({ status: 200, type: NPY, descr: "<f4", shape: [2, 3] });
    expect([...new Float32Array(numbers.buffer)]).toEqual([1, 0, 0, 0, 0, 1]);
  });

  test("answers the raw output of one image", async () => {
    const url = await serve({ "model.onnx": classifier() });
    expect(await askNpy(url, solidPng(8, 8, RED))).toMatchObject({ descr: "<f4", shape: [3] });
  });

  test("answers masks where JSON names them", async () => {
    const url = await serve({ "model.onnx": segmentation() });
    const instances = [imageInstance(solidPng(12, 20, BLUE))];
    const { numbers, ...head } = await askNpy(url, { signature_name: "mask", instances });
    expect(head).toEqual({ status: 200, type: NPY, descr: "|u1", shape: [1, 12, 20] });
    expect(new Set(numbers)).toEqual(new Set([2]));
  });

  test("fails as a whole with one bad instance: an array has no place for an error", async () => {
    const instances = [imageInstance(digitPng(1)), imageInstance(Buffer.from("<html>"))];
    expect((await askNpy(started.url, { instances })).status).toBe(400);
  });

  test.each([
    ["several outputs", severalOutputs(), { instances: [[1, 2, 3]] }],
    ["texts", classifier(), { signature_name: "top_k", instances: [imageInstance(solidPng(8, 8, RED))] }],
  ])("is 406 for %s", async (_, model, body) => {
    const url = await serve({ "model.onnx": model });
    const answer = await request(`${url}/invocations`, { body, headers: { accept: NPY } });
    expect([answer.status, answer.json.code]).toEqual([406, "NOT_ACCEPTABLE"]);
    expect((await request(`${url}/invocations`, { body })).status).toBe(200);
  });

  test.each(["*/*", "application/json", "text/csv"])(
    "does not stand in Accept: %s, which gets JSON",
    async (accept) => {
      const { json } = await invoke(started.url, digitPng(1), { accept });
      expect(json).toEqual({ prediction: "one" });
    },
  );
});

describe("SageMaker's other routes", () => {
  test("GET /execution-parameters keeps all payloads within SageMaker's 100 MB", async () => {
    const { json } = await request(`${started.url}/execution-parameters`);
    expect(json).toMatchObject({ BatchStrategy: "SINGLE_RECORD", MaxPayloadInMB: 6 });
    expect(json.MaxConcurrentTransforms).toBeGreaterThan(1);
    expect(Number(json.MaxConcurrentTransforms) * Number(json.MaxPayloadInMB)).toBeLessThanOrEqual(100);
  });

  test("GET /execution-parameters names no payload above MAX_BODY_BYTES", async () => {
    const url = await serve({ "model.onnx": halfPlusTwo() }, [
      "--max-body-bytes=2MiB",
      "--max-batch-size=64",
    ]);
    const { json } = await request(`${url}/execution-parameters`);
    expect(json).toEqual({ MaxConcurrentTransforms: 50, BatchStrategy: "SINGLE_RECORD", MaxPayloadInMB: 2 });
  });

  test("say while the model loads that it does", async () => {
    const loading = await startServer({ load: false });
    onTestFinished(() => loading.close());
    expect((await request(`${loading.url}/ping`)).status).toBe(503);
    expect((await request(`${loading.url}/execution-parameters`)).status).toBe(503);
    const answer = await invoke(loading.url, digitPng(1));
    expect([answer.status, answer.json.code]).toEqual([503, "NOT_READY"]);
  });

  test("take no other method", async () => {
    const answer = await request(`${started.url}/invocations`);
    expect([answer.status, answer.headers.allow]).toEqual([405, "POST, OPTIONS"]);
  });
});
