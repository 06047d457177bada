import { runTimeoutMs } from "../config/run-timeout.ts";
import type { Settings } from "../config/settings.ts";
import type { Servable, Tuning } from "../servable.ts";
import { offeredSignatures } from "../signature/head.ts";
import { readParameters } from "../signature/parameters.ts";
import { ARRAY_DTYPES, ARRAY_LAYOUTS } from "../tensor/array-format.ts";
import type { Value } from "../tensor/value.ts";

/** Returns what operators ask of a served model: where each value came from, what was measured and learnt, the limits. */
export function describeServable(servable: Servable, settings: Settings, tuning: Tuning): Value {
  const { head, golden, preprocess } = servable;
  return {
    file: servable.file,
    sha256: servable.sha256,
    provider: servable.info.provider,
    task: head.task,
    labels: ("labels" in head ? head.labels : undefined) ?? null,
    activation: "activation" in head ? head.activation : null,
    multi_label: head.task === "classification" && head.isMultiLabel === true,
    parameters: describeParameters(head),
    signatures: offeredSignatures(head),
    preprocess: preprocess === undefined ? null : (JSON.parse(JSON.stringify(preprocess)) as Value),
    accepts: describeAccepted(preprocess),
    origins: servable.origins,
    warnings: servable.warnings,
    ...(servable.composition === undefined ? {} : { composition: describeComposition(servable.composition) }),
    samples: servable.samples.map(({ name }) => name),
    golden: golden === undefined ? null : { ...golden },
    batching: {
      kind: servable.batching.kind,
      max_batch_size: tuning.maxBatchSize,
      max_batch_size_at_start: servable.maxBatchSize,
      reason: servable.maxBatchSizeReason,
      target_latency_ms: settings.targetLatencyMs ?? null,
      allowed_batch_sizes: servable.allowedBatchSizes ?? null,
      run_time:
        tuning.runTime === undefined
          ? null
          : { fixed_ms: tuning.runTime.fixedMs, row_ms: tuning.runTime.rowMs },
      expected_ms: tuning.expectedMs,
      measured: servable.batchTimings.map(({ batchSize, runMs }) => ({
        batch_size: batchSize,
        run_ms: runMs,
      })),
    },
    lanes: {
      count: servable.lanes.count,
      intra_op_threads: servable.lanes.intraOpThreads,
      wide_threads: servable.lanes.wideThreads ?? null,
      reason: servable.lanes.reason,
    },
    limits: {
      max_body_bytes: settings.maxBodyBytes,
      max_instances: settings.maxInstances,
      max_image_pixels: settings.maxImagePixels,
      max_enqueued_instances: settings.maxEnqueuedInstances,
      max_enqueued_bytes: settings.maxEnqueuedBytes,
      request_timeout_ms: settings.requestTimeoutMs,
      run_timeout_ms: runTimeoutMs(settings),
    },
  };
}

/** What an image of a request may be. */
function describeAccepted(preprocess: Servable["preprocess"]): Value {
  if (preprocess === undefined) return null;
  return {
    pictures: preprocess.color !== "bands",
    arrays: {
      bands: preprocess.mean.length,
      dtypes: preprocess.dtype === "uint8" ? ["uint8"] : ARRAY_DTYPES,
      layouts: ARRAY_LAYOUTS,
    },
  };
}

/** The values of the signatures' parameters where a request says none. */
function describeParameters(head: Servable["head"]): Value {
  const values = readParameters({}, head);
  return {
    k: values.k,
    score_threshold: values.scoreThreshold,
    iou_threshold: values.iouThreshold,
    max_detections: values.maxDetections,
  };
}

/** The nodes in the order in which they run. */
function describeComposition({ nodes, outputs }: NonNullable<Servable["composition"]>): Value {
  const shown = nodes.map((node) => {
    const each = node.each === undefined ? {} : { for_each_crop_of: node.each };
    if (node.kind === "step") return [node.name, { ...(node.step as object), ...each }] as const;
    const { takes, model } = node;
    const links = takes.kind === "image" ? { image: takes.link } : takes.links;
    const from = Object.fromEntries(Object.entries(links).map(([input, { text }]) => [input, text]));
    return [node.name, { model, from, ...each }] as const;
  });
  const ends = Object.entries(outputs).map(([name, { link }]) => [name, link.text] as const);
  return { nodes: Object.fromEntries(shown), outputs: Object.fromEntries(ends) };
}
