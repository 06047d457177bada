import type { SettingRow } from "./settings.ts";
import type { TelemetrySettings } from "./telemetry-settings.ts";

const HOUR_MS = 3_600_000;

/**
 * The part of the table that is OpenTelemetry's.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export const TELEMETRY_SETTINGS: { readonly [Name in keyof TelemetrySettings]: SettingRow } = {
  otelSdkDisabled: {
    kind: "choice",
    choices: ["true", "false"],
    default: "false",
    help: "Sends no telemetry, whatever else is set.",
  },
  otelExporterOtlpEndpoint: {
    kind: "text",
    default: undefined,
    unset: "no telemetry is sent",
    help: "URL of an OpenTelemetry collector, such as http://collector:4318: traces go to its /v1/traces, metrics to its /v1/metrics.",
  },
  otelExporterOtlpTracesEndpoint: {
    kind: "text",
    default: undefined,
    unset: "OTEL_EXPORTER_OTLP_ENDPOINT",
    help: "URL that traces are sent to, as it is.",
  },
  otelExporterOtlpMetricsEndpoint: {
    kind: "text",
    default: undefined,
    unset: "OTEL_EXPORTER_OTLP_ENDPOINT",
    help: "URL that metrics are sent to, as it is.",
  },
  otelExporterOtlpProtocol: {
    kind: "choice",
    choices: ["http/protobuf"],
    default: "http/protobuf",
    help: "How telemetry is sent; there is no other way.",
  },
  otelExporterOtlpHeaders: {
    kind: "text",
    default: undefined,
    unset: "none",
    help: "Headers of what is sent, such as api-key=secret,tenant=tiles, with values percent-encoded.",
  },
  otelExporterOtlpTimeout: {
    kind: "integer",
    min: 1,
    max: HOUR_MS,
    default: "10000",
    help: "Longest time, in milliseconds, for telemetry to be taken, with all tries.",
  },
  otelTracesExporter: {
    kind: "choice",
    choices: ["otlp", "none"],
    default: "otlp",
    help: "Whether traces are sent.",
  },
  otelMetricsExporter: {
    kind: "choice",
    choices: ["otlp", "none"],
    default: "otlp",
    help: "Whether metrics are sent.",
  },
  otelServiceName: {
    kind: "text",
    default: undefined,
    unset: "service.name of OTEL_RESOURCE_ATTRIBUTES, else onnx-serving",
    help: "Name of this service in traces and metrics.",
  },
  otelResourceAttributes: {
    kind: "text",
    default: undefined,
    unset: "none",
    help: "What else tells this process from others, such as deployment.environment.name=staging,k8s.pod.name=a, with values percent-encoded.",
  },
  otelTracesSampler: {
    kind: "choice",
    choices: [
      "always_on",
      "always_off",
      "traceidratio",
      "parentbased_always_on",
      "parentbased_always_off",
      "parentbased_traceidratio",
    ],
    default: "parentbased_always_on",
    help: "Which requests are traced; those that begin with parentbased_ do as the caller does, where it traces.",
  },
  otelTracesSamplerArg: {
    kind: "number",
    min: 0,
    max: 1,
    default: "1",
    help: "The part of the requests that traceidratio and parentbased_traceidratio trace.",
  },
  otelBspMaxQueueSize: {
    kind: "integer",
    min: 1,
    max: 1_000_000,
    default: "2048",
    help: "Most spans that wait to be sent, about 2 KiB each; further ones are lost.",
  },
  otelBspScheduleDelay: {
    kind: "integer",
    min: 1,
    max: HOUR_MS,
    default: "5000",
    help: "Longest time, in milliseconds, that a span waits for others to be sent with.",
  },
  otelMetricExportInterval: {
    kind: "integer",
    min: 1,
    max: HOUR_MS,
    default: "60000",
    help: "How often metrics are sent, in milliseconds.",
  },
};
