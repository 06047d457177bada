import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import type { ResourceMetrics } from "@opentelemetry/sdk-metrics";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { ExportWatch } from "./export-watch.ts";

export interface ExporterOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

type Done = (result: ExportResult) => void;

/** OpenTelemetry's own, which tells how each export ended. */
export class TraceExporter extends OTLPTraceExporter {
  readonly #watch: ExportWatch;

  constructor({ url, headers, timeoutMs }: ExporterOptions, watch: ExportWatch) {
    super({ url, headers, timeoutMillis: timeoutMs });
    this.#watch = watch;
  }

  override export(spans: ReadableSpan[], done: Done): void {
    telling(
      (ended) => super.export(spans, ended),
      (result) => {
        this.#watch.exportEnded(result, spans.length);
        done(result);
      },
    );
  }
}

/** As {@link TraceExporter}. */
export class MetricExporter extends OTLPMetricExporter {
  readonly #watch: ExportWatch;

  constructor({ url, headers, timeoutMs }: ExporterOptions, watch: ExportWatch) {
    super({ url, headers, timeoutMillis: timeoutMs });
    this.#watch = watch;
  }

  override export(metrics: ResourceMetrics, done: Done): void {
    telling(
      (ended) => super.export(metrics, ended),
      (result) => {
        this.#watch.exportEnded(result);
        done(result);
      },
    );
  }
}

function telling(send: (ended: Done) => void, tell: Done): void {
  try {
    send(tell);
  } catch (error) {
    tell({ code: ExportResultCode.FAILED, error: error as Error });
  }
}
