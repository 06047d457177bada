import { connect, constants } from "node:http2";
import { describe, expect, onTestFinished, test } from "vitest";
import { STATUS_OF_CODE } from "../../src/grpc/grpc-status.ts";
import { doublingSession } from "../support/fake-session.ts";
import { GrpcClient } from "../support/grpc/grpc-client.ts";
import { request } from "../support/http-client.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { startServer } from "../support/start-server.ts";

const PREDICT = "tensorflow.serving.PredictionService/Predict";
const HEALTH = "grpc.health.v1.Health";

/** A server whose model ends its runs only when the test says so. */
async function startPuppet(flags: readonly string[] = [], { load = true } = {}) {
  const session = doublingSession();
  const started = await startServer({
    files: { "model.onnx": halfPlusTwo() },
    flags: ["--grpc-port=0", ...flags],
    startSession: async () => session,
    load,
  });
  let isClosed = false;
  const close = async () => {
    if (!isClosed) await started.close();
    isClosed = true;
  };
  onTestFinished(close);
  const connectClient = () => {
    const client = new GrpcClient(started.server.grpcPort ?? 0);
    onTestFinished(() => client.close());
    return client;
  };
  return { ...started, close, session, connectClient };
}

const ask = (...values: number[]) => ({
  model_spec: { name: "model" },
  inputs: { x: { dtype: 1, tensor_shape: { dim: [{ size: values.length }] }, float_val: values } },
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

describe("a gRPC call", () => {
  test("that finds the queue full is told when to come again", async () => {
    const { session, connectClient } = await startPuppet(["--max-enqueued-instances=1"]);
    const client = connectClient();
    const before = session.runs.length;
    session.hold();
    const first = client.call(PREDICT, ask(1));
    await until(() => session.runs.length > before);
    const second = await client.call(PREDICT, ask(1));
    expect(second.status).toBe("UNAVAILABLE");
    expect(second.trailers["onnx-serving-code"]).toBe("QUEUE_FULL");
    const seconds = Number(second.trailers["retry-after"]);
    expect(seconds).toBeGreaterThan(0);
    expect(second.trailers["grpc-retry-pushback-ms"]).toBe(String(seconds * 1000));
    session.release();
    expect((await first).status).toBe("OK");
  });

  test("whose bytes do not fit among those that are accepted is told to come again", async () => {
    const { connectClient } = await startPuppet(["--max-enqueued-bytes=1024"]);
    const reply = await connectClient().call(PREDICT, ask(...new Array<number>(300).fill(1)));
    expect(reply).toMatchObject({ status: "UNAVAILABLE", trailers: { "onnx-serving-code": "QUEUE_FULL" } });
  });

  test("that is larger than MAX_BODY_BYTES is refused, and the connection goes on", async () => {
    const { connectClient } = await startPuppet(["--max-body-bytes=1024"]);
    const client = connectClient();
    expect((await client.call(PREDICT, ask(...new Array<number>(300).fill(1)))).status).toBe(
      "RESOURCE_EXHAUSTED",
    );
    expect((await client.call(PREDICT, ask(1))).message.outputs.y.float_val).toEqual([2]);
  });

  test("ends at the caller's deadline, and its work with it", async () => {
    const { session, connectClient, url } = await startPuppet();
    session.hold();
    const reply = await connectClient().call(PREDICT, ask(1), { deadlineMs: Date.now() + 100 });
    expect(reply.status).toBe("DEADLINE_EXCEEDED");
    // While the model still runs.
    const metrics = async () => (await request(`${url}/metrics`)).text;
    await until(async () => (await metrics()).includes("onnx_serving_inflight_instances 0"));
    session.release();
  });

  test("ends at REQUEST_TIMEOUT_MS where its own deadline is later", async () => {
    const { session, connectClient } = await startPuppet(["--request-timeout-ms=200"]);
    session.hold();
    const reply = await connectClient().call(PREDICT, ask(1), { deadlineMs: Date.now() + 60_000 });
    expect(reply).toMatchObject({
      status: "DEADLINE_EXCEEDED",
      trailers: { "onnx-serving-code": "DEADLINE_EXCEEDED" },
    });
    session.release();
  });

  test("that its caller cancels gives its place free", async () => {
    const { session, connectClient, log } = await startPuppet(["--max-enqueued-instances=1"]);
    const client = connectClient();
    const before = session.runs.length;
    session.hold();
    const controller = new AbortController();
    const first = client.call(PREDICT, ask(1), { signal: controller.signal });
    await until(() => session.runs.length > before);
    controller.abort();
    expect((await first).status).toBe("CANCELLED");
    await until(() => log.some(({ status }) => status === "CANCELLED"));
    const second = client.call(PREDICT, ask(2));
    session.release();
    expect((await second).status).toBe("OK");
  });

  test("that does not arrive is ended after RECEIVE_TIMEOUT_MS", async () => {
    const { server } = await startPuppet(["--receive-timeout-ms=1000"]);
    const session = connect(`http://127.0.0.1:${server.grpcPort}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({
      ":method": "POST",
      ":path": `/${PREDICT}`,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const headers = await new Promise<Record<string, unknown>>((resolve) => {
      stream.on("response", (got) => resolve(got as Record<string, unknown>));
    });
    stream.close(constants.NGHTTP2_CANCEL);
    expect(headers["grpc-status"]).toBe("4");
  });

  test("of an unknown method is UNIMPLEMENTED", async () => {
    const { connectClient } = await startPuppet();
    const reply = await connectClient().callBytes(
      "tensorflow.serving.PredictionService/Nothing",
      Buffer.of(),
    );
    expect(reply.status).toBe("UNIMPLEMENTED");
  });

  test("carries its id into the log and back", async () => {
    const { connectClient, log } = await startPuppet();
    const reply = await connectClient().call(PREDICT, ask(1), { metadata: { "x-request-id": "abc-1" } });
    expect(reply.trailers["x-request-id"]).toBe("abc-1");
    await until(() => log.some(({ requestId }) => requestId === "abc-1"));
    expect(log.find(({ requestId }) => requestId === "abc-1")).toMatchObject({
      method: "gRPC",
      route: `/${PREDICT}`,
      status: "OK",
      instances: 1,
      signature: "serving_default",
    });
  });

  test("is counted", async () => {
    const { connectClient, url, log } = await startPuppet();
    const client = connectClient();
    await client.call(PREDICT, ask(1));
    await client.call(PREDICT, { model_spec: { name: "z" } });
    await until(() => log.filter(({ route }) => route === `/${PREDICT}`).length === 2);
    const { text } = await request(`${url}/metrics`);
    const count = (code: string) =>
      `rpc_server_call_duration_seconds_count{method="/${PREDICT}",code="${code}"} 1`;
    expect(text).toContain(count("OK"));
    expect(text).toContain(count("NOT_FOUND"));
    expect(text).toContain('onnx_serving_errors_total{code="NOT_FOUND"} 1');
  });
});

describe("the gRPC port", () => {
  test("is not open where GRPC_PORT is not set", async () => {
    const started = await startServer({
      files: { "model.onnx": halfPlusTwo() },
      startSession: async () => doublingSession(),
    });
    onTestFinished(() => started.close());
    expect(started.server.grpcPort).toBeUndefined();
  });

  test("that is in use stops the start with one line", async () => {
    const { server } = await startPuppet();
    const other = await startServer({
      flags: [`--grpc-port=${server.grpcPort}`],
      load: false,
    });
    onTestFinished(() => other.close());
    await expect(other.server.load()).rejects.toThrow(/for gRPC: the port is in use; set HOST or GRPC_PORT$/);
  });

  test("answers while the model loads: not serving, and predictions are to be tried again", async () => {
    const session = doublingSession();
    let start = () => {};
    const mayStart = new Promise<void>((resolve) => {
      start = resolve;
    });
    const started = await startServer({
      files: { "model.onnx": halfPlusTwo() },
      flags: ["--grpc-port=0"],
      startSession: async () => {
        await mayStart;
        return session;
      },
      load: false,
    });
    onTestFinished(() => started.close());
    const loaded = started.server.load();
    await until(() => started.server.grpcPort !== undefined);
    const client = new GrpcClient(started.server.grpcPort ?? 0);
    onTestFinished(() => client.close());
    expect((await client.call(`${HEALTH}/Check`, {})).message.status).toBe("NOT_SERVING");
    expect(await client.call(PREDICT, ask(1))).toMatchObject({
      status: "UNAVAILABLE",
      trailers: { "onnx-serving-code": "NOT_READY", "retry-after": "1" },
    });
    start();
    await loaded;
    expect((await client.call(PREDICT, ask(1))).status).toBe("OK");
  });
});

describe("a drain", () => {
  test("is told to health watchers at once, lets calls end, and takes no more", async () => {
    const { server, session, connectClient } = await startPuppet();
    const client = connectClient();
    const told: string[] = [];
    const watching = client.watch(`${HEALTH}/Watch`, {});
    const ended = new Promise<void>((resolve) => watching.on("end", resolve));
    watching.on("data", ({ status }) => told.push(status));
    watching.on("error", () => {});
    await until(() => told.length === 1);
    const before = session.runs.length;
    session.hold();
    const call = client.call(PREDICT, ask(3));
    await until(() => session.runs.length > before);
    const drained = server.drain(0, 0);
    await until(() => told.length === 2);
    expect(told).toEqual(["SERVING", "NOT_SERVING"]);
    await ended;
    session.release();
    expect((await call).message.outputs.y.float_val).toEqual([6]);
    await drained;
    expect((await client.call(PREDICT, ask(1))).status).toBe("UNAVAILABLE");
  });

  test("whose delay is over refuses calls that still come", async () => {
    const { server, connectClient } = await startPuppet();
    const client = connectClient();
    expect((await client.call(PREDICT, ask(1))).status).toBe("OK");
    server.lifecycle.moveTo("DRAINING");
    expect((await client.call(PREDICT, ask(1))).status).toBe("OK");
    server.lifecycle.closeWork();
    expect(await client.call(PREDICT, ask(1))).toMatchObject({
      status: "UNAVAILABLE",
      trailers: { "onnx-serving-code": "DRAINING" },
    });
  });

  test("that takes too long ends calls with UNAVAILABLE", async () => {
    const { server, session, connectClient } = await startPuppet();
    const before = session.runs.length;
    session.hold();
    const call = connectClient().call(PREDICT, ask(3));
    await until(() => session.runs.length > before);
    const drained = server.drain(0, 0);
    const cut = server.cutOff();
    expect(await call).toMatchObject({
      status: "UNAVAILABLE",
      trailers: { "onnx-serving-code": "DRAINING" },
    });
    session.release();
    await Promise.all([drained, cut]);
  });
});

describe("STATUS_OF_CODE", () => {
  test("leaves no error without a status that is one", () => {
    expect(Object.values(STATUS_OF_CODE).every((code) => code > 0 && code <= 16)).toBe(true);
  });
});
