import { type HrTime, ValueType } from "@opentelemetry/api";
import { hrTime, type InstrumentationScope, millisToHrTime } from "@opentelemetry/core";
import { emptyResource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type HistogramMetricData,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import type { RegisteredMetric } from "./metrics.ts";

type RegisteredValue = RegisteredMetric["values"][number] & { readonly metricName?: string };
type HistogramPoint = HistogramMetricData["dataPoints"][number];
type Span = Pick<DataPoint<number>, "startTime" | "endTime">;

/** Gives what stands on `/metrics`, under the same names and with the same labels, to OpenTelemetry's exporter. */
export class RegistryProducer implements MetricProducer {
  readonly #read: () => Promise<readonly RegisteredMetric[]>;
  readonly #scope: InstrumentationScope;
  readonly #startTime: HrTime = millisToHrTime(performance.timeOrigin);

  /** @param read asked each time that metrics are sent */
  constructor(read: () => Promise<readonly RegisteredMetric[]>, scope: InstrumentationScope) {
    this.#read = read;
    this.#scope = scope;
  }

  async collect(): Promise<CollectionResult> {
    const registered = await this.#read();
    const span = { startTime: this.#startTime, endTime: hrTime() };
    const metrics = registered.flatMap((metric) => toMetricData(metric, span) ?? []);
    // The reader has the resource.
    const resource = emptyResource();
    return { resourceMetrics: { resource, scopeMetrics: [{ scope: this.#scope, metrics }] }, errors: [] };
  }
}

/** Returns a metric as OTLP has it; undefined for a summary, of which the server has none. */
function toMetricData(metric: RegisteredMetric, span: Span): MetricData | undefined {
  const { name, help, type, values } = metric;
  const descriptor = { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE };
  const base = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE };
  const points = () => values.map(({ labels, value }) => ({ ...span, attributes: textsOf(labels), value }));
  switch (String(type)) {
    case "counter":
      return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points() };
    case "gauge":
      return { ...base, dataPointType: DataPointType.GAUGE, dataPoints: points() };
    case "histogram":
      return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints: histogramPoints(values, span) };
    default:
      return undefined;
  }
}

/**
 * Order: of each set of labels its buckets, each with all that the smaller ones hold, then the sum, then the count, as
 * prom-client gives them.
 */
function histogramPoints(values: readonly RegisteredValue[], span: Span): HistogramPoint[] {
  const points: HistogramPoint[] = [];
  let boundaries: number[] = [];
  let counts: number[] = [];
  let below = 0;
  let sum = 0;
  for (const { metricName = "", labels, value } of values) {
    if (metricName.endsWith("_bucket")) {
      if (typeof labels.le === "number") boundaries.push(labels.le);
      counts.push(value - below);
      below = value;
    } else if (metricName.endsWith("_sum")) {
      sum = value;
    } else {
      const histogram = { buckets: { boundaries, counts }, sum, count: value };
      points.push({ ...span, attributes: textsOf(labels), value: histogram });
      boundaries = [];
      counts = [];
      below = 0;
    }
  }
  return points;
}

function unitOf(name: string): string {
  const [, unit] = /_(seconds|bytes)(?:_total)?$/.exec(name) ?? [];
  if (unit === undefined) return "";
  return unit === "seconds" ? "s" : "By";
}

function textsOf(labels: RegisteredValue["labels"]): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}
