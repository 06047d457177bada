import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digitPng } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

let started: StartedServer;
beforeAll(async () => {
  started = await startServer();
});
afterAll(() => started.close());

const BOUNDARY = "a-boundary";
const TYPE = { "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
const NAMED = 'Content-Disposition: form-data; name="f"; filename="a.png"';
const FIELD = part('Content-Disposition: form-data; name="x"', "v");
const FILE = part(NAMED, digitPng(4));
const END = Buffer.from(`--${BOUNDARY}--\r\n`);

function part(head: string, content: Buffer | string): Buffer {
  const opening = `--${BOUNDARY}\r\n${head}\r\n\r\n`;
  return Buffer.concat([Buffer.from(opening), Buffer.from(content), Buffer.from("\r\n")]);
}

function post(body: Buffer, headers: Record<string, string> = TYPE) {
  return request(`${started.url}/analyze:predict`, { body, headers });
}

describe("multipart/form-data", () => {
  test.each([
    ["beside a few fields", Buffer.concat([FIELD, FILE, FIELD, END]), TYPE],
    ["behind a preamble of dashes", Buffer.concat([Buffer.from("--\r\n"), FILE, END]), TYPE],
    ["compressed", gzipSync(Buffer.concat([FILE, END])), { ...TYPE, "content-encoding": "gzip" }],
  ])("is read where the file stands %s", async (_, body, headers) => {
    expect((await post(body, headers)).json).toEqual({ prediction: "four" });
  });

  test.each([
    ["names no boundary", Buffer.concat([FILE, END]), { "content-type": "multipart/form-data" }],
    ["names an empty boundary", FILE, { "content-type": 'multipart/form-data; boundary=""' }],
    ["names another boundary", FILE, { "content-type": "multipart/form-data; boundary=b" }],
    ["breaks off inside the file", FILE.subarray(0, -10), TYPE],
    ["breaks off between two files", Buffer.concat([FILE, FILE.subarray(0, 100)]), TYPE],
    ["breaks off inside a part's head", Buffer.from(`--${BOUNDARY}\r\n${NAMED}`), TYPE],
    ["has no part", END, TYPE],
    ["has 10,000 fields before the file", Buffer.concat([...Array(10_000).fill(FIELD), FILE, END]), TYPE],
    ["has 10,000 fields behind the file", Buffer.concat([FILE, ...Array(10_000).fill(FIELD), END]), TYPE],
    ["has 10,000 files", Buffer.concat([...Array(10_000).fill(part(NAMED, "x")), END]), TYPE],
    ["has a part with a header of 5 MB", part(`${NAMED}\r\nx: ${"y".repeat(5e6)}`, "z"), TYPE],
    ["has a part with 5,000 headers", part(NAMED + "\r\nx: y".repeat(5000), "z"), TYPE],
    ["has a head that never ends", Buffer.from(`--${BOUNDARY}\r\n${"a".repeat(5e6)}`), TYPE],
    [
      "is all dashes",
      Buffer.alloc(5e6, "-"),
      { "content-type": `multipart/form-data; boundary=${"-".repeat(60)}` },
    ],
  ])("is refused with 400 where it %s", async (_, body, headers) => {
    const answer = await post(body, headers);
    expect([answer.status, answer.json.code]).toEqual([400, "INVALID_ARGUMENT"]);
  });

  test("is refused with 431 where the boundary is longer than a head may be", async () => {
    const answer = await post(FILE, {
      "content-type": `multipart/form-data; boundary=${"b".repeat(20_000)}`,
    });
    expect([answer.status, answer.json.code]).toEqual([431, "INVALID_ARGUMENT"]);
  });

  test("is an image or JSON where the body is one, whatever the header says", async () => {
    expect((await post(digitPng(4))).json).toEqual({ prediction: "four" });
    const json = { image_bytes: { b64: digitPng(4).toString("base64") } };
    expect((await post(Buffer.from(JSON.stringify(json)))).json).toEqual({ prediction: "four" });
  });
});
