import { randomUUID } from "node:crypto";
import { DiagLogLevel, diag } from "@opentelemetry/api";
import { setGlobalErrorHandler } from "@opentelemetry/core";
import { defaultResource, type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_VERSION } from "@opentelemetry/semantic-conventions";
import { ExportWatch } from "./export-watch.ts";
import { type ExporterOptions, MetricExporter, TraceExporter } from "./exporters.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import { RegistryProducer } from "./registry-producer.ts";
import type { OpenTrace } from "./request-trace.ts";
import { RequestTracer } from "./request-tracer.ts";
import { createSampler, type SamplerName } from "./sampler.ts";
import { WarningPause } from "./warning-pause.ts";

export interface TelemetryOptions {
  readonly plan: {
    /** Absent: no traces. */
    readonly traces?: TracesPlan;
    /** Absent: no metrics. */
    readonly metrics?: MetricsPlan;
    readonly headers: ExporterOptions["headers"];
    readonly timeoutMs: number;
    /** What tells this process from others. */
    readonly resource: Readonly<Record<string, string>>;
  };
  /** Of this program. */
  readonly version: string;
  readonly logger: Pick<Logger, "info" | "warn">;
  readonly metrics: Pick<Metrics, "registered">;
}

interface TracesPlan {
  readonly url: string;
  readonly sampler: SamplerName;
  /** 0 to 1. */
  readonly ratio: number;
  /** Further ones are lost. */
  readonly maxQueuedSpans: number;
  /** Longest wait of a span for others. */
  readonly delayMs: number;
}

interface MetricsPlan {
  readonly url: string;
  readonly intervalMs: number;
}

const SCOPE = "onnx-serving";

/** In one export; OpenTelemetry's default. */
const MAX_EXPORTED_SPANS = 512;

/** Sends traces and metrics to an OpenTelemetry collector. Nothing waits for it: what it does not take is lost, and counted. */
export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #resource: Resource;
  readonly #tracing: BasicTracerProvider | undefined;
  readonly #metering: MeterProvider | undefined;
  readonly #tracer: RequestTracer | undefined;

  constructor(options: TelemetryOptions) {
    const { plan, version, logger } = options;
    this.#options = options;
    const own = { [ATTR_SERVICE_VERSION]: version, [ATTR_SERVICE_INSTANCE_ID]: randomUUID() };
    this.#resource = defaultResource().merge(resourceFromAttributes({ ...own, ...plan.resource }));
    tellLibrarysWarnings(logger);
    if (plan.traces !== undefined) {
      this.#tracing = this.#createTracing(plan.traces);
      this.#tracer = new RequestTracer(this.#tracing.getTracer(SCOPE, version));
    }
    if (plan.metrics !== undefined) this.#metering = this.#createMetering(plan.metrics);
  }

  readonly openTrace: OpenTrace = (header) => this.#tracer?.open(header);

  /** Sends what is left. Resolves when that is done or has failed, which takes as long as a last export may. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#tracing?.shutdown(), this.#metering?.shutdown()]);
    diag.disable();
  }

  #createTracing({ url, sampler, ratio, maxQueuedSpans, delayMs }: TracesPlan): BasicTracerProvider {
    const exporter = new TraceExporter(
      this.#exporterOptions(url),
      new ExportWatch("traces", this.#options.logger),
    );
    const processor = new BatchSpanProcessor(exporter, {
      maxQueueSize: maxQueuedSpans,
      maxExportBatchSize: Math.min(MAX_EXPORTED_SPANS, maxQueuedSpans),
      scheduledDelayMillis: delayMs,
    });
    return new BasicTracerProvider({
      resource: this.#resource,
      sampler: createSampler(sampler, ratio),
      spanProcessors: [processor],
    });
  }

  #createMetering({ url, intervalMs }: MetricsPlan): MeterProvider {
    const { version, logger, metrics, plan } = this.#options;
    const exporter = new MetricExporter(this.#exporterOptions(url), new ExportWatch("metrics", logger));
    const producer = new RegistryProducer(() => metrics.registered(), { name: SCOPE, version });
    const reader = new PeriodicExportingMetricReader({
      exporter,
      exportIntervalMillis: intervalMs,
      exportTimeoutMillis: Math.min(plan.timeoutMs, intervalMs),
      metricProducers: [producer],
    });
    return new MeterProvider({ resource: this.#resource, readers: [reader] });
  }

  #exporterOptions(url: string): ExporterOptions {
    const { headers, timeoutMs } = this.#options.plan;
    return { url, headers, timeoutMs };
  }
}

/** Of spans that were lost because too many waited, for one. The library tells them to the process, not to who built it. */
function tellLibrarysWarnings(logger: Pick<Logger, "warn">): void {
  const pause = new WarningPause();
  const warn = (reason: string) => {
    if (pause.isDue()) logger.warn({ reason }, "telemetry");
  };
  const nothing = () => {};
  diag.setLogger(
    { error: warn, warn, info: nothing, debug: nothing, verbose: nothing },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  // Exports that fail: the exporters have told that.
  setGlobalErrorHandler(nothing);
}
