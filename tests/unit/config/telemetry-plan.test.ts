import { describe, expect, test } from "vitest";
import { parseSettings } from "../../../src/config/parse-settings.ts";
import { telemetryPlan } from "../../../src/config/telemetry-plan.ts";
import { refusal } from "../../support/onnx/refusal.ts";

const planOf = (environment: NodeJS.ProcessEnv) => telemetryPlan(parseSettings([], environment));

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

describe("telemetryPlan", () => {
  test.each([
    [{}],
    [{ OTEL_SERVICE_NAME: "tiles", OTEL_TRACES_SAMPLER: "always_on" }],
    [{ ...ENDPOINT, OTEL_SDK_DISABLED: "true" }],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: "none", OTEL_METRICS_EXPORTER: "none" }],
  ])("plans nothing for %j", (environment) => {
    expect(planOf(environment)).toBeUndefined();
  });

  test("sends both to the one address, with OpenTelemetry's defaults", () => {
    expect(planOf(ENDPOINT)).toEqual({
      traces: {
        url: "http://collector:4318/v1/traces",
        sampler: "parentbased_always_on",
        ratio: 1,
        maxQueuedSpans: 2048,
        delayMs: 5000,
      },
      metrics: { url: "http://collector:4318/v1/metrics", intervalMs: 60_000 },
      headers: {},
      timeoutMs: 10_000,
      resource: { "service.name": "onnx-serving" },
    });
  });

  test.each([
    ["https://host/otlp", "https://host/otlp/v1/traces"],
    ["https://host/otlp/", "https://host/otlp/v1/traces"],
    ["HTTP://host", "http://host/v1/traces"],
  ])("puts the path of a signal behind %s", (endpoint, url) => {
    expect(planOf({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })?.traces?.url).toBe(url);
  });

  test("takes the address of one signal as it is, and sends that alone where no other is set", () => {
    const traces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://a:1/in?x=1" };
    expect(planOf(traces)).toMatchObject({ traces: { url: "http://a:1/in?x=1" } });
    expect(planOf(traces)?.metrics).toBeUndefined();
    expect(planOf({ ...ENDPOINT, ...traces })).toMatchObject({
      traces: { url: "http://a:1/in?x=1" },
      metrics: { url: "http://collector:4318/v1/metrics" },
    });
  });

  test("leaves out the signal whose exporter is none", () => {
    expect(planOf({ ...ENDPOINT, OTEL_METRICS_EXPORTER: "none" })?.metrics).toBeUndefined();
    expect(planOf({ ...ENDPOINT, OTEL_TRACES_EXPORTER: "none" })?.traces).toBeUndefined();
  });

  test("takes the name of the service from its own variable, else from the attributes", () => {
    const attributes = { OTEL_RESOURCE_ATTRIBUTES: "service.name=b,k8s.pod.name=pod-1" };
    expect(planOf({ ...ENDPOINT, ...attributes })?.resource).toEqual({
      "service.name": "b",
      "k8s.pod.name": "pod-1",
    });
    expect(planOf({ ...ENDPOINT, ...attributes, OTEL_SERVICE_NAME: "a" })?.resource).toMatchObject({
      "service.name": "a",
    });
  });

  test("reads headers", () => {
    expect(planOf({ ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: "api-key=a%20b,x=1" })?.headers).toEqual({
      "api-key": "a b",
      x: "1",
    });
  });

  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "user:secret@collector:4318" }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://" }],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "secret" }],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: "a=1,b(c=secret" }],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: "a=secret%0A" }],
    [{ ...ENDPOINT, OTEL_RESOURCE_ATTRIBUTES: "secret" }],
  ])("refuses %j in a line that names the variable and quotes nothing", (environment) => {
    const [name = ""] = Object.keys(environment).slice(-1);
    const line = refusal("-", () => planOf(environment));
    expect(line).toContain(name);
    expect(line).not.toContain("secret");
  });
});
