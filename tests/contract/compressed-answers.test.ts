import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postForBytes } from "../support/bytes-request.ts";
import { request } from "../support/http-client.ts";
import { segmentation } from "../support/onnx/image-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

const image = solidPng(256, 256, [0, 255, 0]);
const body = (signature_name: string) =>
  JSON.stringify({ signature_name, instances: [{ b64: image.toString("base64") }] });

describe("an answer of COMPRESS_MIN_BYTES and more", () => {
  let started: StartedServer;
  let url: string;
  let plain: Buffer;
  beforeAll(async () => {
    started = await startServer({ files: { "model.onnx": segmentation({ classes: 3 }) } });
    url = `${started.url}/analyze:predict`;
    ({ bytes: plain } = await postForBytes(url, body("mask")));
  });
  afterAll(() => started.close());

  test.each([
    ["gzip, deflate", "gzip", gunzipSync],
    ["gzip, deflate, br, zstd", "br", brotliDecompressSync],
    ["br;q=0.5", "br", brotliDecompressSync],
    ["br;q=0, gzip", "gzip", gunzipSync],
    ["*", "gzip", gunzipSync],
  ])("is compressed for Accept-Encoding: %s", async (accepted, encoding, decompress) => {
    const { headers, bytes } = await postForBytes(url, body("mask"), { "accept-encoding": accepted });
    expect(headers["content-encoding"]).toBe(encoding);
    expect(headers["content-length"]).toBe(String(bytes.length));
    expect(headers.vary).toContain("Accept-Encoding");
    expect(bytes.length).toBeLessThan(plain.length / 10);
    expect(decompress(bytes).equals(plain)).toBe(true);
  });

  test.each([undefined, "identity", "gzip;q=0", "zstd", "deflate"])(
    "is not for Accept-Encoding: %s, and says that it might be",
    async (accepted) => {
      const headers = accepted === undefined ? {} : { "accept-encoding": accepted };
      const answer = await postForBytes(url, body("mask"), headers);
      expect(answer.headers["content-encoding"]).toBeUndefined();
      expect(answer.headers.vary).toContain("Accept-Encoding");
      expect(answer.bytes.equals(plain)).toBe(true);
    },
  );

  test("is compressed as an array too, and not as a PNG", async () => {
    const gzip = { "accept-encoding": "gzip" };
    const array = await postForBytes(url, image, { ...gzip, accept: "application/x-npy" });
    expect(array.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(array.bytes).length).toBe(128 + 256 * 256);
    const noise = await postForBytes(url, image, { ...gzip, accept: "image/png" });
    expect(noise.headers["content-encoding"]).toBeUndefined();
  });

  test("is not held any more once it is out", async () => {
    await postForBytes(url, body("mask"), { "accept-encoding": "gzip" });
    const { text } = await request(`${started.url}/metrics`);
    expect(text).toMatch(/^onnx_serving_unsent_bytes 0$/m);
  });
});

describe("an answer of less than COMPRESS_MIN_BYTES", () => {
  test("is sent as it is, and every answer where that is 0", async () => {
    const gzip = { "accept-encoding": "gzip" };
    for (const flag of ["--compress-min-bytes=1MiB", "--compress-min-bytes=0"]) {
      const one = await startServer({ files: { "model.onnx": segmentation({ classes: 3 }) }, flags: [flag] });
      const { headers } = await postForBytes(`${one.url}/analyze:predict`, body("mask"), gzip);
      await one.close();
      expect([headers["content-encoding"], headers.vary]).toEqual([undefined, "Origin"]);
    }
  });
});
