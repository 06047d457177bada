import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { digitPng } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

let started: StartedServer;
beforeAll(async () => {
  started = await startServer();
});
afterAll(() => started.close());

const preflight = { origin: "https://a.example", "access-control-request-method": "POST" };

describe("CORS", () => {
  test("answers a preflight for POST from any origin", async () => {
    const answer = await request(`${started.url}/analyze:predict`, { method: "OPTIONS", headers: preflight });
    expect(answer.status).toBe(204);
    expect(answer.headers["access-control-allow-origin"]).toBe("*");
    expect(answer.headers["access-control-allow-methods"]).toContain("POST");
  });

  test("lets pages read answers and errors", async () => {
    for (const body of [digitPng(1), "no JSON"]) {
      const answer = await request(`${started.url}/analyze:predict`, {
        body,
        headers: { origin: "https://a.example" },
      });
      expect(answer.headers["access-control-allow-origin"]).toBe("*");
    }
  });

  test("sends no header when switched off", async () => {
    const silent = await startServer({ flags: ["--cors-origin=off"] });
    onTestFinished(() => silent.close());
    const answer = await request(`${silent.url}/analyze`, { headers: preflight });
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });
});

describe("HTTP", () => {
  test.each([
    ["/nothing", 404],
    ["//analyze", 404],
    ["/analyze/", 404],
    ["/analyzeXYZ", 404],
    ["/v1/models/..%2f..%2fetc%2fpasswd", 404],
    ["/v1/models/%E0%A4%A", 404],
  ])("GET %s answers %i as JSON", async (path, status) => {
    const answer = await request(started.url + path);
    expect(answer.status).toBe(status);
    expect(answer.json.code).toBe("NOT_FOUND");
    expect(answer.headers["x-powered-by"]).toBeUndefined();
  });

  test("OPTIONS without a preflight answers 204 with Allow", async () => {
    const answer = await request(`${started.url}/analyze`, { method: "OPTIONS" });
    expect([answer.status, answer.headers.allow]).toEqual([204, "HEAD, GET, OPTIONS"]);
  });

  test("gives a plain request id back, and another one for what could break a log line", async () => {
    const plain = await request(`${started.url}/analyze`, {
      headers: { "x-request-id": "Root=1-67891233-abc" },
    });
    expect(plain.headers["x-request-id"]).toBe("Root=1-67891233-abc");
    const odd = await request(`${started.url}/analyze`, { headers: { "x-request-id": 'a "quoted" one' } });
    expect(odd.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("logs a line for each request but health and metrics, without its body", async () => {
    const before = started.log.length;
    await request(`${started.url}/analyze`);
    await request(`${started.url}/metrics`);
    await request(`${started.url}/analyze:predict`, {
      body: digitPng(2),
      headers: { "x-request-id": "log-1" },
    });
    const line = () => started.log.find(({ requestId }) => requestId === "log-1");
    while (line() === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(line()).toMatchObject({ level: "info", route: "/analyze:predict", status: 200, instances: 1 });
    const since = started.log.slice(before).filter(({ level }) => level !== "debug");
    expect(since.map(({ route }) => route)).toEqual(["/analyze:predict"]);
  });

  test("keeps the number of metric series fixed whatever is asked for", async () => {
    const series = async () =>
      (await request(`${started.url}/metrics`)).text.split("\n").filter((line) => /^(onnx|http)_/.test(line))
        .length;
    const ask = (i: number) =>
      Promise.all([
        request(`${started.url}/path-${i}`),
        request(`${started.url}/v1/models/model-${i}`),
        request(`${started.url}/analyze`, { method: "PROPFIND" }),
      ]);
    await ask(0);
    await series();
    const before = await series();
    for (let i = 1; i < 50; i++) await ask(i);
    expect(await series()).toBe(before);
  });

  test("serves the metrics under TensorFlow Serving's path as well", async () => {
    const answer = await request(`${started.url}/monitoring/prometheus/metrics`);
    expect(answer.status).toBe(200);
    for (const name of [
      "http_server_request_duration_seconds_bucket",
      "onnx_serving_instances_total",
      "onnx_serving_stage_duration_seconds_count",
      "onnx_serving_batch_size_count",
      "onnx_serving_queue_rows",
      "onnx_serving_inflight_instances",
      "onnx_serving_ready 1",
      "onnx_serving_model_info",
      "onnx_serving_worker_restarts_total",
      "onnx_serving_max_batch_size ",
      "onnx_serving_run_fixed_seconds ",
      "onnx_serving_run_row_seconds ",
      "onnx_serving_expected_seconds ",
      'onnx_serving_refusals_total{reason="deadline"} 0',
      "nodejs_eventloop_lag_p99_seconds",
    ]) {
      expect(answer.text).toContain(name);
    }
  });
});
