/** The settings of OpenTelemetry, under the names and with the defaults of its specification. Times are milliseconds. */
export interface TelemetrySettings {
  readonly otelSdkDisabled: "true" | "false";
  readonly otelExporterOtlpEndpoint: string | undefined;
  readonly otelExporterOtlpTracesEndpoint: string | undefined;
  readonly otelExporterOtlpMetricsEndpoint: string | undefined;
  readonly otelExporterOtlpProtocol: "http/protobuf";
  readonly otelExporterOtlpHeaders: string | undefined;
  readonly otelExporterOtlpTimeout: number;
  readonly otelTracesExporter: "otlp" | "none";
  readonly otelMetricsExporter: "otlp" | "none";
  readonly otelServiceName: string | undefined;
  readonly otelResourceAttributes: string | undefined;
  readonly otelTracesSampler:
    | "always_on"
    | "always_off"
    | "traceidratio"
    | "parentbased_always_on"
    | "parentbased_always_off"
    | "parentbased_traceidratio";
  readonly otelTracesSamplerArg: number;
  readonly otelBspMaxQueueSize: number;
  readonly otelBspScheduleDelay: number;
  readonly otelMetricExportInterval: number;
}
