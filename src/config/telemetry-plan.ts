import { validateHeaderName, validateHeaderValue } from "node:http";
import { UsageError } from "../errors.ts";
import { keyValuePairs } from "./key-value-pairs.ts";
import { variableName } from "./setting-table.ts";
import type { TelemetrySettings } from "./telemetry-settings.ts";

/** What telemetry is sent, and where to. */
export interface TelemetryPlan {
  /** Absent: no traces. */
  readonly traces?: {
    readonly url: string;
    readonly sampler: TelemetrySettings["otelTracesSampler"];
    /** The part of the requests that a sampler by ratio takes. */
    readonly ratio: number;
    readonly maxQueuedSpans: number;
    readonly delayMs: number;
  };
  /** Absent: no metrics. */
  readonly metrics?: { readonly url: string; readonly intervalMs: number };
  readonly headers: Readonly<Record<string, string>>;
  /** Of each export, with all its tries. */
  readonly timeoutMs: number;
  /** What tells this process from others; `service.name` is always there. */
  readonly resource: Readonly<Record<string, string>>;
}

const DEFAULT_SERVICE_NAME = "onnx-serving";

/**
 * Returns what telemetry is sent; undefined where none is.
 *
 * @throws {UsageError} when an address is no URL, or headers or attributes are no pairs.
 */
export function telemetryPlan(settings: TelemetrySettings): TelemetryPlan | undefined {
  if (settings.otelSdkDisabled === "true") return undefined;
  const traces = settings.otelTracesExporter === "otlp" ? urlOf(settings, "Traces") : undefined;
  const metrics = settings.otelMetricsExporter === "otlp" ? urlOf(settings, "Metrics") : undefined;
  if (traces === undefined && metrics === undefined) return undefined;
  return {
    ...(traces === undefined ? {} : { traces: { url: traces, ...tracing(settings) } }),
    ...(metrics === undefined
      ? {}
      : { metrics: { url: metrics, intervalMs: settings.otelMetricExportInterval } }),
    headers: readHeaders(settings),
    timeoutMs: settings.otelExporterOtlpTimeout,
    resource: readResource(settings),
  };
}

function tracing(settings: TelemetrySettings): Omit<NonNullable<TelemetryPlan["traces"]>, "url"> {
  return {
    sampler: settings.otelTracesSampler,
    ratio: settings.otelTracesSamplerArg,
    maxQueuedSpans: settings.otelBspMaxQueueSize,
    delayMs: settings.otelBspScheduleDelay,
  };
}

/** The URL of one signal is taken as it is; that of all of them has each signal's path behind it. */
function urlOf(settings: TelemetrySettings, signal: "Traces" | "Metrics"): string | undefined {
  const name = `otelExporterOtlp${signal}Endpoint` as const;
  const own = settings[name];
  if (own !== undefined) return requireUrl(name, own);
  const { otelExporterOtlpEndpoint: all } = settings;
  if (all === undefined) return undefined;
  const base = requireUrl("otelExporterOtlpEndpoint", all);
  return `${base.replace(/\/$/, "")}/v1/${signal.toLowerCase()}`;
}

/** Its text is not quoted: it may hold a password. */
function requireUrl(name: keyof TelemetrySettings, text: string): string {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return new URL(text).href;
  throw new UsageError(`${variableName(name)} must be a URL such as http://collector:4318`);
}

function readHeaders({ otelExporterOtlpHeaders }: TelemetrySettings): Readonly<Record<string, string>> {
  const source = variableName("otelExporterOtlpHeaders");
  const headers = keyValuePairs(source, otelExporterOtlpHeaders ?? "");
  for (const [i, [name, value]] of Object.entries(headers).entries()) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw new UsageError(`${source}: number ${i + 1} can't be a header of HTTP`);
    }
  }
  return headers;
}

function readResource(settings: TelemetrySettings): Readonly<Record<string, string>> {
  const { otelServiceName, otelResourceAttributes } = settings;
  const given = keyValuePairs(variableName("otelResourceAttributes"), otelResourceAttributes ?? "");
  return {
    "service.name": DEFAULT_SERVICE_NAME,
    ...given,
    ...(otelServiceName === undefined ? {} : { "service.name": otelServiceName }),
  };
}
