import { once } from "node:events";
import net from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { doublingSession } from "../support/fake-session.ts";
import { request } from "../support/http-client.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { sendRaw } from "../support/send-raw.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

const MAX_BODY_BYTES = 1024;
const BODY = '{"instances":[1]}';

const session = doublingSession();
let started: StartedServer;
beforeAll(async () => {
  started = await startServer({
    files: { "model.onnx": halfPlusTwo() },
    startSession: async () => session,
    flags: [`--max-body-bytes=${MAX_BODY_BYTES}`],
  });
});
afterAll(() => started.close());

const PREDICT = "POST /v1/models/model:predict HTTP/1.1\r\nHost: a\r\n";
const LAST = "Connection: close\r\n";
const GET = "GET /analyze HTTP/1.1\r\nHost: a\r\n";

/** The first answer's status, and its body's code where it is JSON. */
async function answerTo(bytes: string): Promise<[status: number, code: unknown]> {
  const [head = "", body = ""] = (await sendRaw(started.port, bytes)).split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 \d{3} /);
  return [Number(head.slice(9, 12)), body.startsWith("{") ? JSON.parse(body).code : undefined];
}

describe("a request that is not HTTP/1.1", () => {
  test.each([
    [
      "has a length and is chunked",
      `${PREDICT}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ["has two lengths", `${PREDICT}Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345`],
    ["has the same length twice", `${PREDICT}Content-Length: 5\r\nContent-Length: 5\r\n\r\n12345`],
    ["has a length below zero", `${PREDICT}Content-Length: -5\r\n\r\n12345`],
    ["has a length of more than 64 bits", `${PREDICT}Content-Length: 99999999999999999999999\r\n\r\n`],
    ["has a chunk of no size", `${PREDICT}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n`],
    ["ends its lines with LF alone", "GET /analyze HTTP/1.1\nHost: a\n\n"],
    ["has NUL in its path", "GET /ana\0lyze HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["has NUL in a header", `${GET}X: a\0b\r\n\r\n`],
    ["has a space before a header's colon", `${GET}X : a\r\n\r\n`],
    ["folds a header", `${GET}X: a\r\n b\r\n\r\n`],
    ["has an unknown method", "BREW /analyze HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["is TLS", "\x16\x03\x01\0\x05\x01\0\0\x01\x03"],
    ["is HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ])("gets 400 where it %s", async (_, bytes) => {
    expect(await answerTo(bytes)).toEqual([400, "INVALID_ARGUMENT"]);
  });

  test.each([
    ["a path of 20 kB", `GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431, "INVALID_ARGUMENT"],
    ["a header of 20 kB", `${GET}X: ${"a".repeat(20_000)}\r\n\r\n`, 431, "INVALID_ARGUMENT"],
    [
      "chunk extensions of 20 kB",
      `${PREDICT}Transfer-Encoding: chunked\r\n\r\n1;${"x".repeat(20_000)}\r\na\r\n0\r\n\r\n`,
      413,
      "BODY_TOO_LARGE",
    ],
  ])("gets its own status for %s", async (_, bytes, status, code) => {
    expect(await answerTo(bytes)).toEqual([status, code]);
  });

  test("that comes behind a body of more bytes than its length is answered with 400, in order", async () => {
    const text = await sendRaw(
      started.port,
      `${PREDICT}Content-Length: ${BODY.length}\r\n\r\n${BODY}{"more":1}`,
    );
    expect(text.match(/^HTTP\/1\.1 \d{3}/gm)?.at(-1)).toBe("HTTP/1.1 400");
  });
});

describe("a request with something odd in it", () => {
  test.each([
    ["names a whole URL", `GET http://a.example/analyze HTTP/1.1\r\nHost: a\r\n${LAST}\r\n`, 200],
    [
      "names a whole URL, its colon escaped",
      `POST http://a.example/v1/models/model%3Apredict HTTP/1.1\r\nHost: a\r\n${LAST}Content-Length: 17\r\n\r\n${BODY}`,
      200,
    ],
    [
      "has 2,500 headers",
      `${GET}${LAST}${Array.from({ length: 2500 }, (_, i) => `a${i}:\r\n`).join("")}\r\n`,
      200,
    ],
    ["is HTTP/1.0", "GET /analyze HTTP/1.0\r\n\r\n", 200],
    ["wants another protocol", `${GET}Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n`, 200],
    ["is a GET with a body", `${GET}${LAST}Content-Length: 5\r\n\r\nhello`, 200],
    ["asks for *", `OPTIONS * HTTP/1.1\r\nHost: a\r\n${LAST}\r\n`, 404],
  ])("is answered as usual where it %s", async (_, bytes, status) => {
    expect((await answerTo(bytes))[0]).toBe(status);
  });

  test("is not inflated by its transfer coding", async () => {
    const gzip = gzipSync(BODY).toString("latin1");
    const head = `${PREDICT}${LAST}Transfer-Encoding: gzip, chunked\r\n\r\n`;
    const socket = net.connect(started.port, "127.0.0.1");
    socket.write(Buffer.from(`${head}${gzip.length.toString(16)}\r\n${gzip}\r\n0\r\n\r\n`, "latin1"));
    const [chunk] = await once(socket, "data");
    expect(String(chunk)).toMatch(/^HTTP\/1\.1 400 [\s\S]*gzip data/);
    socket.destroy();
  });
});

describe("a body", () => {
  const headOf = (length: number, more = "") => `${PREDICT}${more}Content-Length: ${length}\r\n\r\n`;

  test("may be as long as MAX_BODY_BYTES, and is refused by its head alone one byte on", async () => {
    const longest = BODY + " ".repeat(MAX_BODY_BYTES - BODY.length);
    expect(await answerTo(headOf(MAX_BODY_BYTES, LAST) + longest)).toEqual([200, undefined]);
    // No byte of it is sent, and the answer comes all the same.
    const socket = net.connect(started.port, "127.0.0.1");
    socket.write(headOf(MAX_BODY_BYTES + 1));
    const [chunk] = await once(socket, "data");
    expect(String(chunk)).toMatch(/^HTTP\/1\.1 413 [\s\S]*Connection: close[\s\S]*"code":"BODY_TOO_LARGE"/i);
    socket.destroy();
  });

  test("in chunks is refused at the limit, while it goes on", async () => {
    const socket = net.connect(started.port, "127.0.0.1");
    socket.write(`${PREDICT}Transfer-Encoding: chunked\r\n\r\n`);
    const chunk = `200\r\n${" ".repeat(512)}\r\n`;
    socket.write(chunk + chunk + chunk);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 413 [\s\S]*Connection: close/i);
    socket.destroy();
  });

  test("shorter than its length is never run", async () => {
    const runs = session.runs.length;
    const socket = net.connect(started.port, "127.0.0.1");
    socket.end(headOf(100) + BODY);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
    expect(session.runs.length).toBe(runs);
  });
});

describe("a method on a path", () => {
  test.each([
    ["GET", "/analyze:predict", "POST"],
    ["PUT", "/analyze:predict", "POST"],
    ["POST", "/analyze", "GET"],
    ["DELETE", "/analyze", "GET"],
    ["TRACE", "/analyze", "GET"],
    ["POST", "/metrics", "GET"],
    ["POST", "/livez", "GET"],
  ])("%s %s gets 405, with Allow: %s", async (method, path, allowed) => {
    const answer = await request(started.url + path, {
      method,
      ...(method === "POST" ? { body: BODY } : {}),
    });
    expect([answer.status, answer.json.code]).toEqual([405, "METHOD_NOT_ALLOWED"]);
    expect(answer.headers.allow).toContain(allowed);
  });

  test("HEAD of a predict route gets 405 without a body", async () => {
    const answer = await request(`${started.url}/analyze:predict`, { method: "HEAD" });
    expect([answer.status, answer.text]).toEqual([405, ""]);
  });

  test.each([
    ["GET", "/v1"],
    ["GET", "/ANALYZE"],
    ["POST", "/analyze:predict/"],
    ["POST", "/analyze:PREDICT"],
    ["GET", "/analyze%00"],
    ["GET", "/metrics/"],
    ["OPTIONS", "/nothing"],
    ["GET", "/v1/models/__proto__"],
    ["GET", "/v1/models/constructor/metadata"],
    ["GET", "/v1/models/model%00"],
    ["GET", `/v1/models/${"m".repeat(10_000)}`],
  ])("%s %s gets 404", async (method, path) => {
    const answer = await request(started.url + path, { method });
    expect([answer.status, answer.json.code]).toEqual([404, "NOT_FOUND"]);
  });

  test.each(["__proto__", "constructor", "toString"])("a model named %s is not served", async (name) => {
    const answer = await request(`${started.url}/v1/models/${name}:predict`, { body: BODY });
    expect([answer.status, answer.json.code]).toEqual([404, "NOT_FOUND"]);
  });

  test("a query is no matter to fastai-serving's routes", async () => {
    expect((await request(`${started.url}/analyze?x=1`)).status).toBe(200);
    const answer = await request(`${started.url}/analyze:predict?x=1`, { body: BODY });
    expect(answer.json).toEqual({ predictions: [2] });
  });
});
