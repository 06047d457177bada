import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { byModel } from "./by-model.ts";

/** What became of an instance. */
export const INSTANCE_OUTCOMES = ["ok", "bad_instance", "refused", "timeout", "cancelled", "failed"] as const;

export type InstanceOutcome = (typeof INSTANCE_OUTCOMES)[number];

/** Why a request was refused before any work was done. */
export const REFUSAL_REASONS = ["deadline", "instances", "bytes", "unsent"] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Where an instance's time goes; queue and compute_* are Triton's words. */
export const STAGES = ["decode", "preprocess", "queue", "compute_infer", "compute_output"] as const;

export type Stage = (typeof STAGES)[number];

/** Buckets of OpenTelemetry's http.server.request.duration, in seconds. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const STAGE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** A metric and its values, as they are now. */
export type RegisteredMetric = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>[number];

/** Values that are read when the page is asked for. */
export interface MetricSources {
  readonly inflightRequests: () => number;
  readonly inflightInstances: () => number;
  readonly inflightBytes: () => number;
  readonly unsentBytes: () => number;
  readonly ready: () => boolean;
}

/** What is read of a version of a model that is served, when the page is asked for. */
export interface ServedFigures {
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly sha256: string;
    readonly provider: string;
  };
  /** All of them, live or not. */
  readonly lanes: number;
  readonly liveLanes: () => number;
  readonly queuedRows: () => number;
  readonly tuning: () => TuningFigures;
}

/** What is counted of the work of one model. */
export interface ModelMetrics {
  readonly stageEnded: (stage: Stage, milliseconds: number) => void;
  readonly batchClosed: (rows: number) => void;
}

/** What is learnt of the model while it serves. */
export interface TuningFigures {
  readonly maxBatchSize: number;
  /** A run of `n` rows takes `fixedMs + n * rowMs`. */
  readonly runTime: { readonly fixedMs: number; readonly rowMs: number } | undefined;
  /** How long one more row would be on its way to its result, in milliseconds. */
  readonly expectedMs: number;
}

export interface MetricLimits {
  readonly maxEnqueuedInstances: number;
  readonly maxEnqueuedBytes: number;
  readonly maxUnsentBytes: number;
}

export interface MetricOptions {
  /**
   * Whether the series of a model have its name in the label `model`: where the configuration may name several.
   *
   * @default false
   */
  readonly labelsModels?: boolean;
}

/**
 * The server's metrics. No label takes its value from a caller's input: the number of series is the configuration's.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<"method" | "route" | "status">;
  readonly #calls: Histogram<"method" | "code">;
  readonly #errors: Counter<"code">;
  readonly #instances: Counter<"outcome" | "model">;
  readonly #refusals: Counter<"reason">;
  readonly #stages: Histogram<"stage" | "model">;
  readonly #batchSizes: Histogram<"model">;
  readonly #restarts: Counter<"worker" | "lane" | "model">;
  readonly #nonFinite: Counter;
  readonly #model: Gauge<"name" | "version" | "sha256" | "provider">;
  readonly #labelsModels: boolean;
  readonly #served = new Set<ServedFigures>();

  constructor(limits: MetricLimits, sources: MetricSources, { labelsModels = false }: MetricOptions = {}) {
    this.#labelsModels = labelsModels;
    const ofModel = labelsModels ? (["model"] as const) : [];
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: "http_server_request_duration_seconds",
      help: "Time from a request's head to the end of its answer.",
      labelNames: ["method", "route", "status"],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#calls = new Histogram({
      name: "rpc_server_call_duration_seconds",
      help: "Time from a gRPC call's head to the end of its answer.",
      labelNames: ["method", "code"],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#errors = new Counter({
      name: "onnx_serving_errors_total",
      help: "Requests answered with an error, by its code.",
      labelNames: ["code"],
      registers,
    });
    this.#instances = new Counter({
      name: "onnx_serving_instances_total",
      help: "Instances, by what became of them.",
      labelNames: ["outcome", ...ofModel],
      registers,
    });
    this.#refusals = new Counter({
      name: "onnx_serving_refusals_total",
      help: "Requests refused with QUEUE_FULL, by the limit that they met: the deadline, instances, bytes or unsent bytes.",
      labelNames: ["reason"],
      registers,
    });
    this.#stages = new Histogram({
      name: "onnx_serving_stage_duration_seconds",
      help: "Time of each stage: decode, preprocess, queue and compute_output of an instance, compute_infer of a batch.",
      labelNames: ["stage", ...ofModel],
      buckets: STAGE_BUCKETS,
      registers,
    });
    this.#batchSizes = new Histogram({
      name: "onnx_serving_batch_size",
      help: "Rows in a batch; its count is the number of runs.",
      labelNames: ofModel,
      buckets: BATCH_BUCKETS,
      registers,
    });
    this.#restarts = new Counter({
      name: "onnx_serving_worker_restarts_total",
      help: "Worker threads that had to be replaced; those of the model by their lane.",
      labelNames: ["worker", "lane", ...ofModel],
      registers,
    });
    this.#nonFinite = new Counter({
      name: "onnx_serving_nonfinite_values_total",
      help: "NaN and infinite numbers in answers, which are written as null.",
      registers,
    });
    this.#model = new Gauge({
      name: "onnx_serving_model_info",
      help: "The served model; always 1.",
      labelNames: ["name", "version", "sha256", "provider"],
      registers,
    });
    this.#addGauges(limits, sources);
    if (!labelsModels) for (const outcome of INSTANCE_OUTCOMES) this.#instances.inc({ outcome }, 0);
    for (const reason of REFUSAL_REASONS) this.#refusals.inc({ reason }, 0);
    this.#restarts.inc({ worker: "image" }, 0);
  }

  requestEnded(request: { method: string; route: string; status: number; seconds: number }): void {
    const { method, route, status, seconds } = request;
    this.#requests.observe({ method, route, status: String(status) }, seconds);
  }

  callEnded({ method, code, seconds }: { method: string; code: string; seconds: number }): void {
    this.#calls.observe({ method, code }, seconds);
  }

  errorAnswered(code: string): void {
    this.#errors.inc({ code });
  }

  /** @param model that they were for */
  instancesEnded(outcome: InstanceOutcome, count: number, model: string): void {
    if (count > 0) this.#instances.inc({ outcome, ...this.#labelOf(model) }, count);
  }

  requestRefused(reason: RefusalReason): void {
    this.#refusals.inc({ reason });
  }

  ofModel(model: string): ModelMetrics {
    const label = this.#labelOf(model);
    return {
      stageEnded: (stage, milliseconds) => this.#stages.observe({ stage, ...label }, milliseconds / 1000),
      batchClosed: (rows) => this.#batchSizes.observe(label, rows),
    };
  }

  imageWorkerRestarted(): void {
    this.#restarts.inc({ worker: "image" });
  }

  inferenceWorkerRestarted(model: string, lane: number): void {
    this.#restarts.inc({ worker: "inference", lane, ...this.#labelOf(model) });
  }

  nonFiniteWritten(count: number): void {
    if (count > 0) this.#nonFinite.inc(count);
  }

  /** Shows a version of a model that is served, until what this returns is called. */
  modelLoaded(figures: ServedFigures): () => void {
    const { model, lanes } = figures;
    const label = this.#labelOf(model.name);
    this.#served.add(figures);
    this.#model.set(model, 1);
    for (let lane = 0; lane < lanes; lane++) this.#restarts.inc({ worker: "inference", lane, ...label }, 0);
    for (const outcome of INSTANCE_OUTCOMES) this.#instances.inc({ outcome, ...label }, 0);
    return () => {
      this.#served.delete(figures);
      this.#model.remove(model);
    };
  }

  /** Returns the page in Prometheus' text format, and its content type. */
  async page(): Promise<{ readonly text: string; readonly contentType: string }> {
    return { text: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }

  /** Returns what stands on the page, as data. */
  registered(): Promise<readonly RegisteredMetric[]> {
    return this.#registry.getMetricsAsJSON();
  }

  #labelOf(model: string): { readonly model?: string } {
    return this.#labelsModels ? { model } : {};
  }

  #addGauges(limits: MetricLimits, sources: MetricSources): void {
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name: `onnx_serving_${name}`,
        help,
        registers: [this.#registry],
        collect() {
          this.set(read());
        },
      });
    gauge("inflight_requests", "Requests accepted and not yet answered.", sources.inflightRequests);
    gauge("inflight_instances", "Instances accepted and not yet answered.", sources.inflightInstances);
    gauge("inflight_bytes", "Bytes of bodies accepted and not yet answered.", sources.inflightBytes);
    gauge("unsent_bytes", "Bytes of answers that their clients have not yet taken.", sources.unsentBytes);
    gauge("max_enqueued_instances", "The limit of inflight_instances.", () => limits.maxEnqueuedInstances);
    gauge("max_enqueued_bytes", "The limit of inflight_bytes.", () => limits.maxEnqueuedBytes);
    gauge("max_unsent_bytes", "The limit of unsent_bytes.", () => limits.maxUnsentBytes);
    gauge(
      "array_buffers_bytes",
      "Memory of the main thread's array buffers: bodies and images that wait.",
      () => process.memoryUsage().arrayBuffers,
    );
    gauge("ready", "1 when the server answers predictions, else 0.", () => Number(sources.ready()));
    this.#addModelGauges();
  }

  /** Of each model: all of its versions together, or the highest, for what can't be added up. */
  #addModelGauges(): void {
    const gauge = (name: string, help: string, read: (versions: readonly ServedFigures[]) => number) => {
      const [served, labelOf] = [this.#served, (model: string) => this.#labelOf(model)];
      const labelNames = this.#labelsModels ? (["model"] as const) : [];
      return new Gauge({
        name: `onnx_serving_${name}`,
        help,
        labelNames,
        registers: [this.#registry],
        collect() {
          this.reset();
          if (served.size === 0 && labelNames.length === 0) this.set(0);
          for (const [model, versions] of byModel(served)) this.set(labelOf(model), read(versions));
        },
      });
    };
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const newest = (name: string, help: string, read: (figures: TuningFigures) => number | undefined) =>
      gauge(name, help, ([highest]) => (highest === undefined ? undefined : read(highest.tuning())) ?? 0);
    const seconds = (name: string, help: string, readMs: (figures: TuningFigures) => number | undefined) =>
      newest(name, help, (figures) => (readMs(figures) ?? 0) / 1000);
    gauge("queue_rows", "Rows that wait for a batch.", (all) => sum(all.map((one) => one.queuedRows())));
    gauge("lanes", "Sessions of the model that can run a batch.", (all) =>
      sum(all.map((one) => one.liveLanes())),
    );
    newest("max_batch_size", "Most rows in a run, within the target.", (one) => one.maxBatchSize);
    seconds(
      "run_fixed_seconds",
      "What a run takes whatever is in it, as fitted.",
      (one) => one.runTime?.fixedMs,
    );
    seconds("run_row_seconds", "What each row adds to a run, as fitted.", (one) => one.runTime?.rowMs);
    seconds("expected_seconds", "How long one more row would take to its result.", (one) => one.expectedMs);
  }
}
