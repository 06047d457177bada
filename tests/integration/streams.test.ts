import net from "node:net";
import { setImmediate } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { doublingSession, type PuppetSession } from "../support/fake-session.ts";
import { request } from "../support/http-client.ts";
import { byIndex, type LinesRequest, openLines } from "../support/lines-client.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

const MAX_BATCH_SIZE = 4;
/** Twice what is in the one lane and on its way there, and at least 16. */
const WINDOW = 16;

interface Served extends StartedServer {
  readonly session: PuppetSession;
  readonly predictUrl: string;
  open(): LinesRequest;
  metric(name: string): Promise<number>;
}

async function serve(...flags: string[]): Promise<Served> {
  const session = doublingSession();
  const started = await startServer({
    files: { "model.onnx": halfPlusTwo() },
    flags: [`--max-batch-size=${MAX_BATCH_SIZE}`, ...flags],
    startSession: async () => session,
  });
  onTestFinished(async () => {
    session.release();
    await started.close();
  });
  const predictUrl = `${started.url}/v1/models/model:predict`;
  return Object.assign(started, {
    session,
    predictUrl,
    open: () => openLines(predictUrl),
    metric: async (name: string) => {
      const { text } = await request(`${started.url}/metrics`);
      return Number(new RegExp(`^onnx_serving_${name} (\\S+)$`, "m").exec(text)?.[1]);
    },
  });
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await setImmediate();
}

describe("a stream of lines", () => {
  test("of thousands of instances is answered whole, and gives back all that it held", async () => {
    const { server, open, metric } = await serve();
    const { request: sending, answer } = open();
    const count = 5000;
    sending.end(Array.from({ length: count }, (_, i) => i).join("\n"));
    const { lines } = await answer;
    const found = byIndex(lines);
    expect(found.size).toBe(count);
    expect([...found].filter(([index, { prediction }]) => prediction !== 2 * index)).toEqual([]);
    expect(server.lifecycle.state).toBe("READY");
    expect(await metric("inflight_instances")).toBe(0);
    expect(await metric("inflight_bytes")).toBe(0);
    expect(await metric("unsent_bytes")).toBe(0);
  });

  test("is not read while its window is full: what is sent stays with the client", async () => {
    const { session, open, metric } = await serve();
    session.hold();
    const { request: sending, answer } = open();
    // More than the kernel takes off the client's hands.
    sending.end("1\n".repeat(8_000_000));
    await until(async () => (await metric("inflight_instances")) === WINDOW);
    const held = await metric("inflight_bytes");
    expect(held).toBeLessThanOrEqual(3 * 65_536);
    await until(() => session.runs.length > 1);
    expect(await metric("inflight_instances")).toBe(WINDOW);
    expect(await metric("inflight_bytes")).toBe(held);
    sending.destroy();
    await expect(answer).rejects.toThrow();
  });

  test("lets a request pass: it is one flow among the others, however long it is", async () => {
    const { session, open, predictUrl, metric } = await serve();
    session.hold();
    const before = session.runs.length;
    const { request: sending, answer } = open();
    sending.end("1\n".repeat(40));
    await until(() => session.runs.length > before);
    await until(async () => (await metric("queue_rows")) === WINDOW - (session.runs.at(-1) ?? 0));
    const order: string[] = [];
    const small = request(predictUrl, { body: { instances: [7] } }).then(({ json }) => {
      order.push("small");
      return json;
    });
    void answer.then(() => order.push("stream"));
    await until(async () => (await metric("inflight_requests")) === 2);
    session.release();
    expect(await small).toEqual({ predictions: [14] });
    expect((await answer).lines.length).toBe(40);
    expect(order).toEqual(["small", "stream"]);
  });

  test("whose client leaves gives everything back, and its rows never run", async () => {
    const { session, open, metric } = await serve();
    session.hold();
    const before = session.runs.length;
    const { request: sending } = open();
    sending.on("error", () => {});
    sending.write("1\n".repeat(100));
    await until(async () => (await metric("inflight_instances")) === WINDOW);
    sending.destroy();
    await until(async () => (await metric("inflight_requests")) === 0);
    expect(await metric("inflight_instances")).toBe(0);
    expect(await metric("inflight_bytes")).toBe(0);
    expect(await metric("queue_rows")).toBe(0);
    expect(session.runs.length).toBe(before + 1);
  });

  test("ends with a line that says so when the server stops, with what was in work answered", async () => {
    const { server, open } = await serve();
    const { request: sending, next, answer } = open();
    sending.write("1\n");
    expect(await next()).toEqual({ index: 0, prediction: 2 });
    const drained = server.drain(0, 0);
    const { lines } = await answer;
    expect(lines.slice(1)).toMatchObject([{ error: { code: "DRAINING" } }]);
    expect(lines[1]?.index).toBeUndefined();
    sending.destroy();
    await drained;
  });

  test("has a deadline for each instance, not for the whole", async () => {
    const { session, open } = await serve("--request-timeout-ms=300");
    const { request: sending, next, answer } = open();
    const startMs = performance.now();
    for (let i = 0; performance.now() - startMs < 600; i++) {
      sending.write("1\n");
      expect(await next()).toEqual({ index: i, prediction: 2 });
    }
    session.hold();
    sending.end("2\n");
    expect(await next()).toMatchObject({ error: { code: "DEADLINE_EXCEEDED" } });
    session.release();
    expect((await answer).status).toBe(200);
  });

  test("may take longer than RECEIVE_TIMEOUT_MS, but not send nothing for so long", async () => {
    const { open } = await serve("--receive-timeout-ms=1000");
    const { request: sending, next, answer } = open();
    const startMs = performance.now();
    for (let i = 0; performance.now() - startMs < 3500; i++) {
      sending.write("1\n");
      expect(await next()).toEqual({ index: i, prediction: 2 });
    }
    const { lines } = await answer;
    expect(lines.at(-1)).toMatchObject({ error: { code: "REQUEST_TIMEOUT" } });
    sending.destroy();
  });

  test("waits where a request would be refused", async () => {
    const { session, open, predictUrl, metric } = await serve("--max-enqueued-instances=2");
    const { request: sending, next, answer } = open();
    sending.write("1\n");
    await next();
    session.hold();
    const other = request(predictUrl, { body: { instances: [5, 6] } });
    await until(async () => (await metric("inflight_instances")) === 2);
    sending.end("2\n3\n");
    expect((await request(predictUrl, { body: { instances: [1] } })).status).toBe(503);
    session.release();
    expect((await other).status).toBe(200);
    expect(byIndex((await answer).lines)).toEqual(
      new Map([
        [0, { prediction: 2 }],
        [1, { prediction: 4 }],
        [2, { prediction: 6 }],
      ]),
    );
  });

  test("that its client does not read is not read either, and cut after SEND_TIMEOUT_MS", async () => {
    const { port, metric } = await serve("--send-timeout-ms=1000");
    const deaf = net.connect(port, "127.0.0.1").pause();
    onTestFinished(() => void deaf.destroy());
    deaf.on("error", () => {});
    const closed = new Promise((resolve) => deaf.once("close", resolve));
    deaf.write(
      "POST /v1/models/model:predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    // The key comes back: so many lines less fill the kernel's buffers.
    const lines = `{"x":1,"key":"${"k".repeat(4096)}"}\n`.repeat(16);
    const chunk = `${lines.length.toString(16)}\r\n${lines}\r\n`;
    const pump = () => {
      while (!deaf.destroyed && deaf.write(chunk));
    };
    deaf.on("drain", pump);
    pump();
    await closed;
    await until(async () => (await metric("inflight_requests")) === 0);
    expect(await metric("unsent_bytes")).toBe(0);
  });
});
