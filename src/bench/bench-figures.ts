import { answeredWithin, type MeasuredLoad } from "./measured-load.ts";
import { type Percentiles, percentiles } from "./percentiles.ts";

/** What came of one request of a load. */
export interface BenchOutcome {
  readonly images: number;
  /** Codes of those that have no prediction. */
  readonly failures: readonly string[];
}

export interface BenchFigures {
  /** That have a prediction. */
  readonly imagesPerSecond: number;
  readonly requestsPerSecond: number;
  /** That were due in the measured part. */
  readonly requests: number;
  /** Images without a prediction, by code; of those requests. */
  readonly failures: Readonly<Record<string, number>>;
  /** From when a request was due to its answer's last byte; of those that were answered in full. */
  readonly latency: Percentiles;
  /** How much later than due the latest request was sent: above a few ms, the client was itself too slow. */
  readonly maxLateMs: number;
  /** CPU time of the client itself, which shares the cores with a server on the same machine. */
  readonly clientCpuMsPerImage: number;
}

/** Returns what a load gave in its measured part. */
export function benchFigures(load: MeasuredLoad<BenchOutcome>): BenchFigures {
  const { startMs, endMs, exchanges, cpuMs } = load;
  const measured = exchanges.filter(({ dueMs }) => dueMs >= startMs && dueMs < endMs);
  const good = measured.filter(({ outcome }) => outcome.failures.length === 0);
  const failures: Record<string, number> = {};
  for (const code of measured.flatMap(({ outcome }) => outcome.failures))
    failures[code] = (failures[code] ?? 0) + 1;
  const seconds = (endMs - startMs) / 1000;
  const answered = exchanges.filter(({ outcome }) => outcome.failures.length < outcome.images);
  const images = answeredImages(load, answered);
  return {
    imagesPerSecond: images / seconds,
    requestsPerSecond: answeredWithin(load, answered) / seconds,
    requests: measured.length,
    failures,
    latency: percentiles(good.map((one) => one.endMs - one.dueMs)),
    maxLateMs: measured.reduce((most, one) => Math.max(most, one.startMs - one.dueMs), 0),
    clientCpuMsPerImage: cpuMs / images,
  };
}

function answeredImages(
  load: MeasuredLoad<BenchOutcome>,
  answered: MeasuredLoad<BenchOutcome>["exchanges"],
): number {
  return answered.reduce((sum, one) => {
    const { images, failures } = one.outcome;
    return sum + (images - failures.length) * answeredWithin(load, [one]);
  }, 0);
}

export interface BenchReport extends BenchFigures {
  readonly url: string;
  readonly imagesPerRequest: number;
  readonly load: { readonly clients: number } | { readonly imagesPerSecond: number };
  readonly seconds: number;
  /** Rows in a run of the model, on average; null where the server does not tell. */
  readonly meanBatchRows: number | null;
}

/** Returns figures as text, a line each. */
export function benchText(report: BenchReport): string {
  const { latency, load, failures } = report;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  // No image answered, no figure: a 0 would read as a very fast server.
  const measured = (value: number, text: string) => (Number.isFinite(value) ? text : "not measured");
  const offered =
    "clients" in load ? `${load.clients} clients` : `${load.imagesPerSecond} images/s at random times`;
  const failed = Object.entries(failures).map(([code, count]) => `${code} ${count}`);
  const rows: readonly (readonly [string, string])[] = [
    ["load", `${offered}, ${report.imagesPerRequest} in a request, ${report.seconds} s, ${report.url}`],
    [
      "answered",
      `${report.imagesPerSecond.toFixed(1)} images/s, ${report.requestsPerSecond.toFixed(1)} requests/s`,
    ],
    [
      "latency",
      measured(
        latency.maxMs,
        `p50 ${ms(latency.p50Ms)}, p90 ${ms(latency.p90Ms)}, p99 ${ms(latency.p99Ms)}, max ${ms(latency.maxMs)}`,
      ),
    ],
    ["failed", failed.length === 0 ? "0 images" : failed.join(", ")],
    [
      "batches",
      report.meanBatchRows === null ? "not told" : `${report.meanBatchRows.toFixed(1)} rows on average`,
    ],
    [
      "client",
      measured(
        report.clientCpuMsPerImage,
        `${report.clientCpuMsPerImage.toFixed(2)} CPU-ms an image, ${ms(report.maxLateMs)} late at most`,
      ),
    ],
  ];
  return `${rows.map(([name, text]) => `${name.padEnd(9)} ${text}`).join("\n")}\n`;
}
