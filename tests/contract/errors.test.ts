import { once } from "node:events";
import net from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ERROR_CODES } from "../../src/errors.ts";
import { STATUS_OF_CODE } from "../../src/http/status.ts";
import { digitPng, imageInstance } from "../support/digits.ts";
import { doublingSession, PuppetSession } from "../support/fake-session.ts";
import { type Answer, request } from "../support/http-client.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { sendRaw } from "../support/send-raw.ts";
import { type StartedServer, type StartOptions, startServer } from "../support/start-server.ts";

/** Codes that a test of this file has seen on a socket or, for a client that is gone, in the log. */
const seen = new Set<string>();

async function start(options: StartOptions = {}): Promise<StartedServer> {
  const started = await startServer(options);
  onTestFinished(() => started.close());
  return started;
}

/** A server whose model ends its runs only when the test says so. */
async function startPuppet(flags: readonly string[] = []) {
  const session = doublingSession();
  const started = await start({
    files: { "model.onnx": halfPlusTwo() },
    flags,
    startSession: async () => session,
  });
  return { ...started, session, predictUrl: `${started.url}/v1/models/model:predict` };
}

/** A session whose warm-up runs take a second each, on a clock that jumps. */
function secondLongRuns(): PuppetSession {
  const session = doublingSession();
  const now = performance.now.bind(performance);
  let jumpedMs = 0;
  const spy = vi.spyOn(performance, "now").mockImplementation(() => now() + jumpedMs);
  onTestFinished(() => void spy.mockRestore());
  const run = session.run.bind(session);
  const hold = session.hold.bind(session);
  session.run = (feed) => {
    jumpedMs += 1000;
    return run(feed);
  };
  session.hold = () => {
    session.run = run;
    hold();
  };
  return session;
}

function expectError(answer: Answer, code: (typeof ERROR_CODES)[number]): void {
  expect(answer.json).toMatchObject({ code, error: expect.stringMatching(/^[^\n]{5,}$/) });
  expect(answer.status).toBe(STATUS_OF_CODE[code]);
  expect(answer.headers["content-type"]).toContain("application/json");
  seen.add(code);
}

/** A PNG that says its size and goes no further. */
function pngHeader(width: number, height: number): Buffer {
  const png = Buffer.from(digitPng(0).subarray(0, 64));
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  return png;
}

/** Waits until `isTrue`, looking after every turn of the event loop. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

function predictHead(bytes: number): string {
  return `POST /analyze:predict HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`;
}

describe("error codes over a socket", () => {
  test("what a caller sent", async () => {
    const { url } = await start({
      flags: ["--max-instances=2", "--max-image-pixels=4096", "--max-body-bytes=20000"],
    });
    const predict = (body: Uint8Array | string | object, headers = {}) =>
      request(`${url}/analyze:predict`, { body, headers });
    const one = imageInstance(digitPng(1));
    expectError(await predict('{"instances":['), "INVALID_JSON");
    expectError(await predict({ instances: "no list" }), "INVALID_ARGUMENT");
    expectError(await predict({ image_bytes: { b64: "a*b=" } }), "INVALID_BASE64");
    expectError(await predict(imageInstance(Buffer.from("<html></html>"))), "INVALID_IMAGE");
    expectError(
      await predict(Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>")),
      "UNSUPPORTED_FORMAT",
    );
    expectError(await predict("{}", { "content-encoding": "zstd" }), "UNSUPPORTED_ENCODING");
    expectError(await predict({ instances: [one, one, one] }), "TOO_MANY_INSTANCES");
    expectError(await predict(pngHeader(65, 64)), "IMAGE_TOO_LARGE");
    expectError(await request(`${url}/nothing`), "NOT_FOUND");
    expectError(await request(`${url}/analyze`, { body: "{}" }), "METHOD_NOT_ALLOWED");
    const large = await predict(Buffer.alloc(20_001, " "));
    expectError(large, "BODY_TOO_LARGE");
    expect(large.headers.connection).toBe("close");
  });

  test("BODY_TOO_LARGE for a chunked body, and for one that inflates past the limit", async () => {
    const { url } = await start({ flags: ["--max-body-bytes=20000"] });
    const { gzipSync } = await import("node:zlib");
    const bomb = gzipSync(Buffer.alloc(10_000_000, "["));
    expectError(
      await request(`${url}/analyze:predict`, { body: bomb, headers: { "content-encoding": "gzip" } }),
      "BODY_TOO_LARGE",
    );
    const chunked = await request(`${url}/analyze:predict`, {
      body: Buffer.alloc(50_000, " "),
      headers: { "transfer-encoding": "chunked" },
    });
    expectError(chunked, "BODY_TOO_LARGE");
  });

  test("NOT_READY with Retry-After while the model loads, and the health routes say so", async () => {
    const { url } = await start({ load: false });
    const answer = await request(`${url}/analyze:predict`, { body: { instances: [1] } });
    expectError(answer, "NOT_READY");
    expect(answer.headers["retry-after"]).toBe("1");
    for (const path of ["/analyze", "/readyz"]) {
      const health = await request(url + path);
      expect([health.status, health.json]).toEqual([503, { status: "LOADING" }]);
    }
    expect((await request(`${url}/livez`)).status).toBe(200);
    const status = await request(`${url}/v1/models/model`);
    expect([status.status, status.json.ready]).toEqual([503, false]);
  });

  test("QUEUE_FULL with Retry-After past MAX_ENQUEUED_INSTANCES", async () => {
    const { session, predictUrl } = await startPuppet(["--max-enqueued-instances=3"]);
    const before = session.runs.length;
    session.hold();
    const accepted = request(predictUrl, { body: { instances: [1, 2] } });
    await until(() => session.runs.length > before);
    const refused = await request(predictUrl, { body: { instances: [1, 2] } });
    expectError(refused, "QUEUE_FULL");
    expect(refused.headers["retry-after"]).toBe("1");
    const fits = request(predictUrl, { body: { instances: [3] } });
    await request(`${predictUrl.replace(":predict", "")}`);
    session.release();
    expect((await accepted).json).toEqual({ predictions: [2, 4] });
    expect((await fits).json).toEqual({ predictions: [6] });
  });

  test("QUEUE_FULL at once when Content-Length shows that the body can't fit: it is not waited for", async () => {
    const { url, port } = await startPuppet(["--max-enqueued-bytes=40000", "--max-body-bytes=40000"]);
    const held = net.connect(port, "127.0.0.1");
    onTestFinished(() => void held.destroy());
    held.write(predictHead(30_000) + "x".repeat(20_000));
    while (!/onnx_serving_inflight_bytes [12]\d{4}/.test((await request(`${url}/metrics`)).text));
    const refused = net.connect(port, "127.0.0.1");
    onTestFinished(() => void refused.destroy());
    refused.write(predictHead(30_000));
    const [chunk] = await once(refused, "data");
    expect(String(chunk)).toMatch(/^HTTP\/1.1 503 [\s\S]*Connection: close[\s\S]*"code":"QUEUE_FULL"/i);
  });

  test("a body that is declared and does not come keeps nobody out", async () => {
    const { url, port, predictUrl } = await startPuppet([
      "--max-enqueued-bytes=40000",
      "--max-body-bytes=40000",
    ]);
    for (let i = 0; i < 3; i++) {
      const slow = net.connect(port, "127.0.0.1");
      onTestFinished(() => void slow.destroy());
      slow.write(predictHead(40_000));
    }
    while (!(await request(`${url}/metrics`)).text.includes("onnx_serving_inflight_requests 3"));
    expect((await request(predictUrl, { body: { instances: [3] } })).json).toEqual({ predictions: [6] });
  });

  test("DEADLINE_EXCEEDED when no answer is there in time; the waiting row never runs", async () => {
    const { session, predictUrl } = await startPuppet(["--request-timeout-ms=50", "--max-batch-size=1"]);
    const before = session.runs.length;
    session.hold();
    const [running, waiting] = await Promise.all([
      request(predictUrl, { body: { instances: [1] } }),
      request(predictUrl, { body: { instances: [2] } }),
    ]);
    expectError(running, "DEADLINE_EXCEEDED");
    expectError(waiting, "DEADLINE_EXCEEDED");
    session.release();
    expect((await request(predictUrl, { body: { instances: [3] } })).json).toEqual({ predictions: [6] });
    expect(session.runs.slice(before)).toEqual([1, 1]);
  });

  test("QUEUE_FULL with a Retry-After that is computed, when the answer would be too late", async () => {
    const session = secondLongRuns();
    const { url } = await start({
      files: { "model.onnx": halfPlusTwo() },
      flags: ["--max-batch-size=1", "--request-timeout-ms=30000"],
      startSession: async () => session,
    });
    session.hold();
    const before = session.runs.length;
    const predict = (count: number) =>
      request(`${url}/v1/models/model:predict`, { body: { instances: new Array(count).fill(1) } });
    // Bad instances are done with at once.
    const instances = [...new Array(10).fill(1), ...new Array(5).fill("bad")];
    const accepted = [request(`${url}/analyze:predict`, { body: { instances } })];
    await until(() => session.runs.length > before);
    accepted.push(predict(8));
    while (!(await request(`${url}/metrics`)).text.includes("onnx_serving_inflight_instances 23"));
    // 38 runs of a second, and a tenth to be sure.
    const refused = await predict(20);
    expectError(refused, "QUEUE_FULL");
    expect(refused.headers["retry-after"]).toBe("12");
    expect((await request(`${url}/metrics`)).text).toContain(
      'onnx_serving_refusals_total{reason="deadline"} 1',
    );
    session.release();
    expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await predict(20)).status).toBe(200);
  });

  test("CANCELLED, in the log only, when the client leaves; its waiting row never runs", async () => {
    const { session, predictUrl, log } = await startPuppet(["--max-batch-size=1"]);
    const before = session.runs.length;
    session.hold();
    const first = request(predictUrl, { body: { instances: [1] } });
    await until(() => session.runs.length > before);
    const leaving = new AbortController();
    const gone = request(predictUrl, { body: { instances: [2] }, signal: leaving.signal });
    const probe = request(predictUrl.replace(":predict", ""));
    await probe;
    leaving.abort();
    await expect(gone).rejects.toThrow();
    await until(() => log.some((line) => line.status === 499));
    session.release();
    await first;
    expect(log.find((line) => line.status === 499)).toMatchObject({ code: "CANCELLED" });
    expect(session.runs.slice(before)).toEqual([1]);
    seen.add("CANCELLED");
  });

  test("DRAINING after the delay of the drain, on a connection that was open; accepted work is answered", async () => {
    const { session, predictUrl, port, server } = await startPuppet();
    const before = session.runs.length;
    session.hold();
    const accepted = request(predictUrl, { body: { instances: [1] } });
    await until(() => session.runs.length > before);
    const body = '{"instances":[1]}';
    const head = `POST /v1/models/model:predict HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n`;
    const socket = net.connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.write(head);
    await request(`http://127.0.0.1:${port}/livez`);
    const drained = server.drain(0);
    await until(() => !server.lifecycle.takesWork);
    socket.write(`\r\n${body}`);
    const [chunk] = await once(socket, "data");
    expect(String(chunk)).toMatch(/^HTTP\/1.1 503 [\s\S]*"code":"DRAINING"/);
    session.release();
    const answer = await accepted;
    expect([answer.status, answer.headers.connection]).toEqual([200, "close"]);
    await drained;
    seen.add("DRAINING");
  });

  test("INFERENCE_FAILED when the model's run fails", async () => {
    const spec = (name: string) => ({ name, dtype: "float32", shape: ["N"] }) as const;
    const session = new PuppetSession(
      { inputs: [spec("x")], outputs: [spec("y")], provider: "cpu" },
      () => ({}),
    );
    session.run = async ({ ...feed }) => ({
      rows: ("rows" in feed ? feed.rows : [0]).map(() => ({ error: "Non-zero status at /src/file.cc:12" })),
      computeInferMs: 1,
    });
    const { url } = await start({
      files: { "model.onnx": halfPlusTwo() },
      startSession: async () => session,
    });
    const answer = await request(`${url}/v1/models/model:predict`, { body: { instances: [1] } });
    expectError(answer, "INFERENCE_FAILED");
    expect(answer.text).not.toContain("/src/");
  });

  test("INTERNAL for a fault of our own, without a stack", async () => {
    const session = doublingSession();
    const { url, log } = await start({
      files: { "model.onnx": halfPlusTwo() },
      startSession: async () => session,
    });
    session.run = () => Promise.reject(new TypeError("x is not a function"));
    const answer = await request(`${url}/v1/models/model:predict`, { body: { instances: [1] } });
    expectError(answer, "INTERNAL");
    expect(answer.text).not.toContain("not a function");
    await until(() => log.some((line) => line.status === 500));
    expect(JSON.stringify(log.find((line) => line.status === 500))).toContain("x is not a function");
  });

  test("REQUEST_TIMEOUT when a body does not arrive in time, and JSON for what is no HTTP", async () => {
    const { port } = await startPuppet(["--receive-timeout-ms=1000"]);
    const slow = sendRaw(port, "POST /analyze:predict HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
    expect(await sendRaw(port, "NONSENSE\r\n\r\n")).toMatch(
      /^HTTP\/1.1 400 [\s\S]*"code":"INVALID_ARGUMENT"/,
    );
    expect(await sendRaw(port, `GET / HTTP/1.1\r\nx: ${"y".repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 /,
    );
    expect(await slow).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"REQUEST_TIMEOUT"/);
    seen.add("REQUEST_TIMEOUT");
  });

  test("NOT_ACCEPTABLE for texts as a NumPy file", async () => {
    const { url } = await start();
    const answer = await request(`${url}/invocations`, {
      body: { ...imageInstance(digitPng(1)), signature_name: "label" },
      headers: { accept: "application/x-npy" },
    });
    expectError(answer, "NOT_ACCEPTABLE");
  });

  test("every code of the closed list was seen", () => {
    expect([...seen].sort()).toEqual([...ERROR_CODES].sort());
  });
});
