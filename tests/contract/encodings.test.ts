import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digitPng } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

const MAX_BODY_BYTES = 100_000;
const PNG = digitPng(5);
const B64 = PNG.toString("base64");
const BODY = bodyOf(B64);

let started: StartedServer;
beforeAll(async () => {
  started = await startServer({ flags: [`--max-body-bytes=${MAX_BODY_BYTES}`] });
});
afterAll(() => started.close());

const post = (body: Buffer | string, headers: Record<string, string> = {}) =>
  request(`${started.url}/analyze:predict`, { body, headers });

function bodyOf(b64: string): string {
  return JSON.stringify({ instances: [{ image_bytes: { b64: B64 } }, { image_bytes: { b64 } }] });
}

const urlSafe = B64.replaceAll("+", "-").replaceAll("/", "_");

describe("base64", () => {
  test.each([
    ["in lines of 76 (MIME)", B64.replace(/.{76}/g, "$&\r\n")],
    ["with spaces and tabs", B64.replace(/.{50}/g, "$& \t")],
    ["without its padding", B64.replace(/=+$/, "")],
    ["of the URL-safe alphabet", urlSafe],
    ["of the URL-safe alphabet without its padding", urlSafe.replace(/=+$/, "")],
    ["behind a data: prefix", `data:image/jpeg;base64,${B64}`],
  ])("is taken %s", async (_, b64) => {
    expect((await post(bodyOf(b64))).json).toEqual({ predictions: [5, 5] });
  });

  test.each([
    ["of both alphabets", `${B64.slice(0, 400)}-_+/`, "second alphabet at offset 400"],
    ["with '=' inside", `QQ==${B64}`, "at offset 4"],
    ["of an impossible length", "QUJDR", "at offset 4"],
    ["padded too much", "QUI==", "at offset 4"],
    ["with trailing bits that are not zero", "QR==", "at offset 1"],
    ["with another character", `${B64.slice(0, 600)}!`, "'!' at offset 600"],
    ["behind a data: prefix that is not base64", "data:image/svg+xml,<svg/>", "at offset 4"],
    ["that is Python's repr of bytes", `b'${B64}'`, "base64.b64encode(data).decode()"],
    ["that is an address", "https://a.example/5.png", "':' at offset 5"],
  ])("is refused %s, with index and offset", async (_, b64, expected) => {
    const { status, json } = await post(bodyOf(b64));
    expect([status, json.predictions]).toEqual([200, [5, { error: expect.anything() }]]);
    const message = expect.stringMatching(/^instances\[1\]\.image_bytes\.b64: expected base64, got /);
    expect(json.errors).toMatchObject([{ instance: 1, code: "INVALID_BASE64", message }]);
    expect((json.errors as { message: string }[])[0]?.message).toContain(expected);
  });

  test.each([
    ["base64 of base64", Buffer.from(B64).toString("base64"), "base64 text"],
    ["hexadecimal, which is base64 of something else", PNG.toString("hex"), "hexadecimal"],
  ])("that is %s is no image, and the error says what it is", async (_, b64, expected) => {
    const { json } = await post(bodyOf(b64));
    expect(json.errors).toMatchObject([
      { instance: 1, code: "INVALID_IMAGE", message: expect.stringContaining(expected) },
    ]);
  });

  test.each([
    ["a list of bytes", [...PNG]],
    ["a Buffer of Node's", PNG],
    ["a list of bytes as b64", { b64: [...PNG] }],
  ])("is asked for in the place of %s", async (_, image_bytes) => {
    const { json } = await post(JSON.stringify({ image_bytes }));
    expect(json).toMatchObject({
      code: "INVALID_ARGUMENT",
      error: expect.stringContaining("as base64, not as a list"),
    });
  });
});

const bomb = Buffer.alloc(50_000_000);

describe("Content-Encoding", () => {
  test.each([
    ["identity", "identity", BODY],
    ["empty", "", BODY],
    ["GZIP, in capitals", "GZIP", gzipSync(BODY)],
    ["x-gzip", "x-gzip", gzipSync(BODY)],
    ["gzip in two members", "gzip", Buffer.concat([gzipSync(BODY.slice(0, 99)), gzipSync(BODY.slice(99))])],
  ])("may be %s", async (_, encoding, body) => {
    expect((await post(body, { "content-encoding": encoding })).json).toEqual({ predictions: [5, 5] });
  });

  test.each([
    ["gzip, cut off", "gzip", gzipSync(BODY).subarray(0, -20)],
    ["gzip of another sum", "gzip", withBitFlipped(gzipSync(BODY))],
    ["gzip with something behind it", "gzip", Buffer.concat([gzipSync(BODY), Buffer.from("more")])],
    ["gzip of nothing", "gzip", ""],
    ["gzip, but it is br", "gzip", brotliCompressSync(BODY)],
    ["gzip, but it is zlib", "gzip", deflateSync(BODY)],
    ["deflate, cut off", "deflate", deflateSync(BODY).subarray(0, -20)],
    ["deflate without zlib's head", "deflate", deflateRawSync(BODY)],
    ["br, cut off", "br", brotliCompressSync(BODY).subarray(0, -20)],
    ["br, but it is plain", "br", BODY],
  ])("is refused with 400 where it says %s", async (_, encoding, body) => {
    const answer = await post(body, { "content-encoding": encoding });
    expect([answer.status, answer.json.code]).toEqual([400, "INVALID_ARGUMENT"]);
  });

  test.each(["gzip, gzip", "gzip, identity", "gzip,", "zstd", "__proto__", "x".repeat(5000)])(
    "is refused with 415 where it is no single one that is known, case %#",
    async (encoding) => {
      const answer = await post(gzipSync(BODY), { "content-encoding": encoding });
      expect([answer.status, answer.json.code]).toEqual([415, "UNSUPPORTED_ENCODING"]);
    },
  );

  test.each([
    ["gzip", gzipSync(bomb)],
    ["deflate", deflateSync(bomb)],
    ["br", brotliCompressSync(bomb, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ])("of 50 MB in a few kilobytes of %s gets 413 at the limit", async (encoding, body) => {
    expect(body.length).toBeLessThan(MAX_BODY_BYTES);
    const answer = await post(body, { "content-encoding": encoding });
    expect([answer.status, answer.json.code]).toEqual([413, "BODY_TOO_LARGE"]);
  });

  test("counts the bytes that a body inflates to, to the last", async () => {
    const padded = (bytes: number) => gzipSync(BODY + " ".repeat(bytes - BODY.length));
    const encoding = { "content-encoding": "gzip" };
    expect((await post(padded(MAX_BODY_BYTES), encoding)).status).toBe(200);
    expect((await post(padded(MAX_BODY_BYTES + 1), encoding)).status).toBe(413);
  });
});

function withBitFlipped(gzip: Buffer): Buffer {
  // Of the sum, four bytes before the length.
  gzip.writeUInt8(gzip.readUInt8(gzip.length - 8) ^ 1, gzip.length - 8);
  return gzip;
}
