import {
  INSTANCE_OUTCOMES,
  Metrics,
  REFUSAL_REASONS,
  type ServedFigures,
  STAGES,
} from "../../src/observability/metrics.ts";

/** The labels of each metric that a server may show. */
export type KnownMetrics = ReadonlyMap<string, ReadonlySet<string>>;

/** Labels whose values are the code's own. */
export const KNOWN_VALUES: Readonly<Record<string, readonly string[]>> = {
  outcome: INSTANCE_OUTCOMES,
  reason: REFUSAL_REASONS,
  stage: STAGES,
  worker: ["image", "inference"],
};

/** Returns what stands on the metrics page of a server that has counted one of everything. */
export async function knownMetrics(): Promise<KnownMetrics> {
  const limits = { maxEnqueuedInstances: 1, maxEnqueuedBytes: 1, maxUnsentBytes: 1 };
  const zero = () => 0;
  const sources = { inflightRequests: zero, inflightInstances: zero, inflightBytes: zero, unsentBytes: zero };
  const metrics = new Metrics(limits, { ...sources, ready: () => true }, { labelsModels: true });
  const served: ServedFigures = {
    model: { name: "model", version: "1", sha256: "", provider: "cpu" },
    lanes: 1,
    liveLanes: () => 1,
    queuedRows: zero,
    tuning: () => ({ maxBatchSize: 1, runTime: { fixedMs: 1, rowMs: 1 }, expectedMs: 1 }),
  };
  metrics.modelLoaded(served);
  metrics.requestEnded({ method: "POST", route: "/analyze:predict", status: 200, seconds: 1 });
  metrics.callEnded({ method: "Predict", code: "OK", seconds: 1 });
  metrics.errorAnswered("QUEUE_FULL");
  metrics.nonFiniteWritten(1);
  metrics.ofModel("model").batchClosed(1);
  for (const stage of STAGES) metrics.ofModel("model").stageEnded(stage, 1);
  const { text } = await metrics.page();
  return readPage(text);
}

/** Returns the labels of each metric on a page in Prometheus' text format. */
function readPage(text: string): KnownMetrics {
  const known = new Map<string, Set<string>>();
  for (const [, name = "", labels = ""] of text.matchAll(/^([a-z_0-9]+)(?:\{(.*)\})? \S+$/gm)) {
    const all = known.get(name) ?? new Set();
    for (const [, label = ""] of labels.matchAll(/(\w+)="/g)) all.add(label);
    known.set(name, all);
  }
  return known;
}
