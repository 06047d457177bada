import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postForBytes } from "../support/bytes-request.ts";
import { npy } from "../support/npy.ts";
import { segmentation } from "../support/onnx/image-models.ts";
import { halfPlusTwo, severalOutputs } from "../support/onnx/tensor-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { type StartedServer, type StartOptions, startServer } from "../support/start-server.ts";

const NPY = { accept: "application/x-npy" };
const started: StartedServer[] = [];

async function serve(options: StartOptions): Promise<string> {
  const one = await startServer(options);
  started.push(one);
  return one.url;
}
afterAll(() => Promise.all(started.map((one) => one.close())));

function file(descr: string, shape: string, data: ArrayBufferView): Buffer {
  return Buffer.from(npy({ descr, shape }, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
}

const errorIn = (bytes: Buffer) => JSON.parse(bytes.toString()) as { error: string; code: string };

describe("Accept: application/x-npy on /v1/models/<name>:predict", () => {
  let url: string;
  let several: string;
  beforeAll(async () => {
    url = `${await serve({ files: { "model.onnx": halfPlusTwo() } })}/v1/models/model:predict`;
    several = `${await serve({ files: { "model.onnx": severalOutputs() } })}/v1/models/model:predict`;
  });

  test.each(['{"instances":[1,2,5]}', '{"inputs":[1,2,5]}'])(
    "answers %s with the raw output",
    async (body) => {
      const { status, headers, bytes } = await postForBytes(url, body, NPY);
      expect([status, headers["content-type"]]).toEqual([200, "application/x-npy"]);
      expect(bytes.equals(file("<f4", "(3,)", new Float32Array([2.5, 3, 4.5])))).toBe(true);
    },
  );

  test("errors are JSON", async () => {
    const { status, headers, bytes } = await postForBytes(url, '{"instances":["a"]}', NPY);
    expect([status, headers["content-type"]]).toEqual([400, expect.stringContaining("application/json")]);
    expect(errorIn(bytes).code).toBe("INVALID_ARGUMENT");
  });

  test.each(['{"instances":[[1,2,4]]}', '{"inputs":[[1,2,4]]}'])(
    "of several outputs %s names the one",
    async (body) => {
      const refused = await postForBytes(several, body, NPY);
      expect([refused.status, errorIn(refused.bytes)]).toEqual([
        406,
        {
          code: "NOT_ACCEPTABLE",
          error:
            'application/x-npy: the model has 3 outputs; ask for one of sum, doubled, largest with application/x-npy;output="<name>"',
        },
      ]);
      const named = await postForBytes(several, body, { accept: "application/x-npy;output=largest" });
      expect(named.bytes.equals(file("<i8", "(1,)", new BigInt64Array([2n])))).toBe(true);
      const unknown = await postForBytes(several, body, { accept: "application/x-npy;output=nope" });
      expect([unknown.status, errorIn(unknown.bytes).error]).toEqual([
        406,
        expect.stringContaining('there is no output "nope"'),
      ]);
    },
  );

  test.each(["text/csv", "application/octet-stream", "*/*"])(
    "Accept: %s is answered with JSON",
    async (accept) => {
      const { status, bytes } = await postForBytes(url, '{"instances":[1]}', { accept });
      expect([status, bytes.toString()]).toEqual([200, '{"predictions":[2.5]}']);
    },
  );
});

describe("masks in compact forms on /analyze:predict", () => {
  let url: string;
  const green = solidPng(12, 16, [0, 255, 0]);
  const body = (signature_name: string, ...images: Buffer[]) =>
    JSON.stringify({ signature_name, instances: images.map((image) => ({ b64: image.toString("base64") })) });
  beforeAll(async () => {
    url = `${await serve({ files: { "model.onnx": segmentation({ classes: 3 }) } })}/analyze:predict`;
  });

  test("a raw image gets its mask, at its own size and without a batch axis", async () => {
    const { status, bytes } = await postForBytes(url, green, NPY);
    expect([status, bytes.equals(file("|u1", "(12, 16)", new Uint8Array(192).fill(1)))]).toEqual([200, true]);
  });

  test("a list of images of one size gets an array with a batch axis", async () => {
    const { bytes } = await postForBytes(url, body("mask", green, green), NPY);
    expect(bytes.equals(file("|u1", "(2, 12, 16)", new Uint8Array(384).fill(1)))).toBe(true);
  });

  test("masks of unequal sizes are no one array", async () => {
    const { status, bytes } = await postForBytes(url, body("mask", green, solidPng(8, 8, [0, 255, 0])), NPY);
    expect([status, errorIn(bytes).error]).toEqual([
      406,
      "application/x-npy: the predictions are [12, 16] and [8, 8], which is no one array; " +
        "send images of one size, or one at a time, or ask for JSON",
    ]);
  });

  test("a bad image among good ones is the request's error: an array has no place for it", async () => {
    const { status, bytes } = await postForBytes(url, body("mask", green, Buffer.from("no image")), NPY);
    expect([status, errorIn(bytes)]).toMatchObject([400, { code: "INVALID_IMAGE", instance: 1 }]);
  });

  test("a signature of texts names those of numbers", async () => {
    const { status, bytes } = await postForBytes(url, body("mask_png", green), NPY);
    expect([status, errorIn(bytes).error]).toEqual([
      406,
      'application/x-npy: signature "mask_png" gives no array of numbers; ask for one of serving_default, class, mask',
    ]);
  });

  test("Accept: image/png gets the mask as a PNG, the same as in base64", async () => {
    const picture = await postForBytes(url, green, { accept: "image/png" });
    expect([picture.status, picture.headers["content-type"]]).toEqual([200, "image/png"]);
    const json = await postForBytes(url, body("mask_png", green));
    const [{ b64 }] = JSON.parse(json.bytes.toString()).predictions;
    expect(picture.bytes.toString("base64")).toBe(b64);
  });

  test("several images, another signature or a model without masks have no PNG", async () => {
    const accept = { accept: "image/png" };
    const several = await postForBytes(url, body("mask_png", green, green), accept);
    expect([several.status, errorIn(several.bytes).code]).toEqual([406, "NOT_ACCEPTABLE"]);
    const other = await postForBytes(url, body("class", green), accept);
    expect(errorIn(other.bytes).error).toBe('image/png: signature "class" is no picture; ask for mask_png');
    const plain = await serve({});
    const none = await postForBytes(`${plain}/analyze:predict`, green, accept);
    expect(errorIn(none.bytes).error).toBe("image/png: this model gives no masks");
  });

  test("a browser's Accept is answered with JSON", async () => {
    const accept = "text/html,application/xhtml+xml,image/webp,image/png,*/*;q=0.8";
    const { status, headers } = await postForBytes(url, green, { accept });
    expect([status, headers["content-type"]]).toEqual([200, expect.stringContaining("application/json")]);
  });
});
