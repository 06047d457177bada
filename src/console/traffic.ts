import { type MetricSample, parseMetrics } from "./parse-metrics.ts";

/** What the server has counted since its start. */
export interface Totals {
  readonly isReady: boolean;
  readonly instances: number;
  readonly batches: number;
  readonly rows: number;
  readonly requests: number;
  readonly requestSeconds: number;
  /** Requests that took at most so many seconds, the bounds ascending. */
  readonly buckets: readonly (readonly [seconds: number, requests: number])[];
}

/** What went on between two readings; undefined where nothing did. */
export interface Traffic {
  readonly instancesPerSecond: number | undefined;
  readonly meanMs: number | undefined;
  readonly p95Ms: number | undefined;
  readonly rowsPerBatch: number | undefined;
}

const DURATION = "http_server_request_duration_seconds";
const NAMES: ReadonlySet<string> = new Set([
  "onnx_serving_ready",
  "onnx_serving_instances_total",
  "onnx_serving_batch_size_sum",
  "onnx_serving_batch_size_count",
  `${DURATION}_sum`,
  `${DURATION}_count`,
  `${DURATION}_bucket`,
]);

/**
 * Returns what a metrics page says of a model. Times are those of all requests that send anything: the page does not tell
 * them by model.
 */
export function readTotals(page: string, model: string): Totals {
  const all = parseMetrics(page, (name) => NAMES.has(name));
  const ofModel = all.filter(({ labels }) => labels.model === undefined || labels.model === model);
  const posts = all.filter(({ labels }) => labels.method === "POST" || labels.method === "PUT");
  return {
    isReady: sum(all, "onnx_serving_ready") === 1,
    instances: sum(ofModel, "onnx_serving_instances_total"),
    batches: sum(ofModel, "onnx_serving_batch_size_count"),
    rows: sum(ofModel, "onnx_serving_batch_size_sum"),
    requests: sum(posts, `${DURATION}_count`),
    requestSeconds: sum(posts, `${DURATION}_sum`),
    buckets: sumBuckets(posts),
  };
}

function sum(samples: readonly MetricSample[], name: string): number {
  return samples.reduce((total, sample) => (sample.name === name ? total + sample.value : total), 0);
}

function sumBuckets(samples: readonly MetricSample[]): Totals["buckets"] {
  const counts = new Map<number, number>();
  for (const { name, labels, value } of samples) {
    if (name !== `${DURATION}_bucket`) continue;
    const bound = labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le);
    counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/** @param ms time between the two readings */
export function trafficBetween(before: Totals, after: Totals, ms: number): Traffic {
  const requests = after.requests - before.requests;
  const batches = after.batches - before.batches;
  const instances = after.instances - before.instances;
  // Another process has begun to count from nothing.
  if (requests < 0 || batches < 0 || instances < 0 || ms <= 0) {
    return { instancesPerSecond: undefined, meanMs: undefined, p95Ms: undefined, rowsPerBatch: undefined };
  }
  return {
    instancesPerSecond: (instances * 1000) / ms,
    meanMs: requests === 0 ? undefined : ((after.requestSeconds - before.requestSeconds) * 1000) / requests,
    p95Ms: quantileMs(before.buckets, after.buckets, 0.95),
    rowsPerBatch: batches === 0 ? undefined : (after.rows - before.rows) / batches,
  };
}

/** As Prometheus' `histogram_quantile`: evenly spread within a bucket; past the last bound, that bound. */
function quantileMs(
  before: Totals["buckets"],
  after: Totals["buckets"],
  quantile: number,
): number | undefined {
  const counted = new Map(before);
  const deltas = after.map(([bound, count]) => [bound, count - (counted.get(bound) ?? 0)] as const);
  const [, total = 0] = deltas.at(-1) ?? [];
  if (total <= 0) return undefined;
  const rank = quantile * total;
  let [lower, below] = [0, 0];
  for (const [bound, count] of deltas) {
    if (count >= rank) {
      if (bound === Number.POSITIVE_INFINITY) return lower * 1000;
      return (lower + ((bound - lower) * (rank - below)) / (count - below)) * 1000;
    }
    [lower, below] = [bound, count];
  }
  return undefined;
}
