import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { digitPng, imageInstance, tenDigits } from "../support/digits.ts";
import { GrpcClient } from "../support/grpc/grpc-client.ts";
import { request } from "../support/http-client.ts";
import { askLines } from "../support/lines-client.ts";
import { Collector, type ReceivedSpan } from "../support/otlp/collector.ts";
import { ServingProcess } from "../support/serving-process.ts";
import { DIGITS_DIR, type StartedServer, startServer } from "../support/start-server.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const PARENT_ID = "b7ad6b7169203331";
const TRACED = { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01`, tracestate: "vendor=1" };
const UNTRACED = { traceparent: `00-${TRACE_ID}-${PARENT_ID}-00` };

/** Nothing is sent before the server ends. */
const AT_THE_END = ["--otel-bsp-schedule-delay=3600000", "--otel-metric-export-interval=3600000"];

interface Traced extends StartedServer {
  readonly collector: Collector;
  /** Ends the server, and returns the spans that it sent. */
  readonly spans: () => Promise<readonly ReceivedSpan[]>;
}

async function serve(...flags: readonly string[]): Promise<Traced> {
  const collector = await Collector.start();
  onTestFinished(() => collector.close());
  const endpoint = `--otel-exporter-otlp-endpoint=${collector.url}`;
  const started = await startServer({ flags: [endpoint, ...AT_THE_END, ...flags] });
  const spans = async () => {
    await started.close();
    return collector.spans;
  };
  return { ...started, collector, spans };
}

/** Those of one request, by name; its own under `server`. */
function byName(spans: readonly ReceivedSpan[]): Readonly<Record<string, ReceivedSpan | undefined>> {
  return Object.fromEntries(spans.map((span) => [span.kind === "SERVER" ? "server" : span.name, span]));
}

test("onnx-serving predict sends no telemetry of its own model", async () => {
  const collector = await Collector.start();
  onTestFinished(() => collector.close());
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_METRIC_EXPORT_INTERVAL: "1",
    MODEL_DIR: DIGITS_DIR,
  };
  const { code } = await new ServingProcess(["predict", join(DIGITS_DIR, "samples")], environment).finished();
  expect({ code, requests: collector.requests }).toEqual({ code: 0, requests: [] });
});

const STAGES = ["compute_input", "queue", "compute_infer", "compute_output"];

describe("a server with OTEL_EXPORTER_OTLP_ENDPOINT", () => {
  test("makes a span of a request under its caller's, and one of each stage under that", async () => {
    const { url, log, spans } = await serve(
      "--otel-service-name=tiles",
      "--otel-resource-attributes=a.b=c%20d",
    );
    const body = { instances: tenDigits() };
    const { status } = await request(`${url}/analyze:predict?key=secret`, { body, headers: TRACED });
    expect(status).toBe(200);
    const sent = await spans();
    const { server, ...stages } = byName(sent);
    expect(server).toMatchObject({
      name: "POST /analyze:predict",
      traceId: TRACE_ID,
      parentSpanId: PARENT_ID,
      traceState: "vendor=1",
      status: "UNSET",
      attributes: {
        "http.request.method": "POST",
        "http.route": "/analyze:predict",
        "http.response.status_code": 200,
        "onnx_serving.model.name": "model",
        "onnx_serving.instances": 10,
        "onnx_serving.signature": "class",
      },
      resource: { "service.name": "tiles", "a.b": "c d", "service.version": expect.any(String) },
    });
    expect(Object.keys(stages).sort()).toEqual([...STAGES].sort());
    for (const stage of Object.values(stages)) {
      expect(stage).toMatchObject({ traceId: TRACE_ID, parentSpanId: server?.spanId, kind: "INTERNAL" });
      expect((stage?.startNs ?? 0n) >= (server?.startNs ?? 0n)).toBe(true);
      expect((stage?.endNs ?? 0n) <= (server?.endNs ?? 0n)).toBe(true);
    }
    expect(stages.queue?.attributes["onnx_serving.rows"]).toBe(10);
    expect(stages.compute_infer?.attributes["onnx_serving.max_batch_size"]).toBeGreaterThan(0);
    expect(JSON.stringify(sent, (_, value) => (typeof value === "bigint" ? "" : value))).not.toContain(
      "secret",
    );
    expect(log.find(({ msg, route }) => msg === "request" && route === "/analyze:predict")).toMatchObject({
      trace_id: TRACE_ID,
      span_id: server?.spanId,
    });
  });

  test("makes one span of each stage of a stream, however long it is", async () => {
    const { url, spans } = await serve();
    const lines = Array.from({ length: 3 }, tenDigits).flat();
    await askLines(`${url}/analyze:predict`, lines);
    const sent = await spans();
    expect(sent.map(({ name }) => name).sort()).toEqual([...STAGES, "POST /analyze:predict"].sort());
    expect(byName(sent).queue?.attributes["onnx_serving.rows"]).toBe(30);
    expect(byName(sent).server?.parentSpanId).toBe("");
  });

  test("makes a span of a gRPC call, and tells whose fault its error is", async () => {
    const { server, spans } = await serve("--grpc-port=0");
    const client = new GrpcClient(server.grpcPort ?? 0);
    const predict = "tensorflow.serving.PredictionService/Predict";
    const images = { dtype: 7, tensor_shape: { dim: [{ size: 1 }] }, string_val: [digitPng(7)] };
    const good = { model_spec: { name: "model" }, inputs: { image_bytes: images } };
    await client.call(predict, good, { metadata: TRACED });
    await client.call(predict, { model_spec: { name: "model" }, inputs: {} });
    await client.call("grpc.health.v1.Health/Check", {});
    client.close();
    const all = await spans();
    const stages = all.filter(({ kind, traceId }) => kind === "INTERNAL" && traceId === TRACE_ID);
    expect(stages.map(({ name }) => name)).toEqual(STAGES);
    const sent = all.filter(({ kind }) => kind === "SERVER");
    expect(sent.map(({ name }) => name)).not.toContain("grpc.health.v1.Health/Check");
    const [answered, refused] = sent.filter(({ name }) => name === predict);
    expect(answered).toMatchObject({
      traceId: TRACE_ID,
      parentSpanId: PARENT_ID,
      status: "UNSET",
      attributes: { "rpc.system.name": "grpc", "rpc.method": predict, "rpc.status_code": "OK" },
    });
    expect(refused).toMatchObject({
      parentSpanId: "",
      status: "UNSET",
      attributes: { "rpc.status_code": "INVALID_ARGUMENT", "onnx_serving.error_code": "INVALID_ARGUMENT" },
    });
  });

  test("traces probes only where their caller traces, and no request that its caller does not trace", async () => {
    const { url, spans, log } = await serve();
    await request(`${url}/readyz`);
    await request(`${url}/metrics`);
    await request(`${url}/readyz`, { headers: TRACED });
    await request(`${url}/analyze:predict`, { body: digitPng(7), headers: UNTRACED });
    await request(`${url}/analyze:predict`, { body: digitPng(7), headers: { traceparent: "nonsense" } });
    const sent = (await spans()).filter(({ kind }) => kind === "SERVER");
    expect(sent.map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([
      ["GET /readyz", PARENT_ID],
      ["POST /analyze:predict", ""],
    ]);
    const [untraced] = log.filter(({ route }) => route === "/analyze:predict");
    expect(untraced?.trace_id).toBe(TRACE_ID);
  });

  test("sends the metrics of /metrics, and its headers", async () => {
    const { url, collector, spans } = await serve("--otel-exporter-otlp-headers=api-key=a%2Cb");
    await request(`${url}/analyze:predict`, { body: { instances: [imageInstance(digitPng(3))] } });
    const page = (await request(`${url}/metrics`)).text;
    await spans();
    const metrics = new Map(collector.metrics.map((metric) => [metric.name, metric]));
    const onPage = [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]);
    const kinds = { sum: "counter", gauge: "gauge", histogram: "histogram" };
    expect(collector.metrics.map(({ name, kind }) => [name, kinds[kind]]).sort()).toEqual(onPage.sort());
    const ok = metrics
      .get("onnx_serving_instances_total")
      ?.points.find(({ attributes }) => attributes.outcome === "ok");
    expect(ok?.as_double).toBe(1);
    expect(metrics.get("onnx_serving_batch_size")?.points[0]).toMatchObject({ count: "1", sum: 1 });
    expect(collector.requests.map(({ path }) => path).sort()).toEqual(["/v1/metrics", "/v1/traces"]);
    for (const { headers } of collector.requests) expect(headers["api-key"]).toBe("a,b");
  });
});

test("a server whose collector refuses everything answers all the same, and warns once", async () => {
  const collector = await Collector.start(400);
  onTestFinished(() => collector.close());
  const { url, log, close } = await startServer({
    flags: [
      `--otel-exporter-otlp-endpoint=${collector.url}`,
      "--otel-bsp-schedule-delay=1",
      "--otel-metrics-exporter=none",
    ],
  });
  onTestFinished(close);
  for (let exports = 1; exports <= 2; exports++) {
    expect((await request(`${url}/analyze:predict`, { body: digitPng(7) })).status).toBe(200);
    await vi.waitUntil(() => collector.requests.length >= exports);
  }
  const warnings = () =>
    log.filter(({ level, msg }) => level === "warn" && String(msg).includes("telemetry"));
  await vi.waitUntil(() => warnings().length > 0);
  expect(warnings()).toMatchObject([{ signal: "traces", lostSpans: expect.any(Number) }]);
});

const SERVE_DIGITS = ["serve", "--port=0", "--host=127.0.0.1", `--model-dir=${DIGITS_DIR}`];

describe("the process", () => {
  test("without OTEL_EXPORTER_OTLP_ENDPOINT loads nothing of OpenTelemetry's SDK; with it, sends what is left when it ends", async () => {
    const folder = mkdtempSync(join(tmpdir(), "onnx-serving-probe-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const probe = join(folder, "probe.cjs");
    // prom-client brings the API, which does nothing by itself.
    const tell = "Object.keys(require.cache).filter((path) => /@opentelemetry.(?!api)/.test(path)).length";
    const atExit = `process.on("exit", () => console.error(${tell}))`;
    writeFileSync(probe, `if (require("worker_threads").isMainThread) ${atExit};`);
    const collector = await Collector.start();
    onTestFinished(() => collector.close());
    const run = async (environment: Readonly<Record<string, string>>) => {
      const server = new ServingProcess(SERVE_DIGITS, {
        NODE_OPTIONS: `--require=${probe}`,
        DRAIN_DELAY_MS: "0",
        ...environment,
      });
      const url = await server.ready();
      await request(`${url}/analyze:predict`, { body: digitPng(7) });
      server.child.kill("SIGTERM");
      const { code, stderr } = await server.finished();
      return { code, modules: Number(stderr) };
    };
    const [off, on] = await Promise.all([run({}), run({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })]);
    expect(off).toEqual({ code: 0, modules: 0 });
    expect(on.code).toBe(0);
    expect(on.modules).toBeGreaterThan(0);
    expect(byName(collector.spans).server?.name).toBe("POST /analyze:predict");
    expect(collector.metrics.length).toBeGreaterThan(0);
  });

  test.each([
    [["--otel-exporter-otlp-endpoint=collector:4318"], /OTEL_EXPORTER_OTLP_ENDPOINT/],
    [["--otel-exporter-otlp-protocol=grpc"], /--otel-exporter-otlp-protocol/],
  ])("says in one line what is wrong with %j", async (flags, named) => {
    const { code, stderr } = await new ServingProcess([...SERVE_DIGITS, ...flags]).finished();
    expect(code).toBe(2);
    expect(stderr).toMatch(/^onnx-serving: [^\n]+\n$/);
    expect(stderr).toMatch(named);
  });
});
