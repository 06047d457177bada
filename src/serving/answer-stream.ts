import { setMaxListeners } from "node:events";
import { setImmediate } from "node:timers/promises";
import { ServingError, toServingError } from "../errors.ts";
import type { RequestTrace } from "../observability/request-trace.ts";
import type { InstanceFlow } from "../predictor.ts";
import type { Instance, PredictRequest } from "../protocol/predict-request.ts";
import type { Prediction } from "../protocol/write-predictions.ts";
import type { Servable } from "../servable.ts";
import { checkParameters } from "../signature/check-parameters.ts";
import type { SignatureName } from "../signature/head.ts";
import { readParameters } from "../signature/parameters.ts";
import { isServerFault, outcomeOf } from "./fault.ts";
import type { LoadedModel } from "./model-directory.ts";
import type { ServingApi } from "./serving-api.ts";
import { within } from "./within.ts";
import { WorkWindow } from "./work-window.ts";

/** How long parsing may hold the event loop. */
const SLICE_MS = 5;
/** Enough for the image workers while little is known of the model. */
const MIN_WINDOW = 16;

/** A stream of instances, as far as it is one request. */
export interface StreamCall {
  readonly model: LoadedModel;
  readonly signature: SignatureName;
  readonly parameters: PredictRequest["parameters"];
  /** Aborted with a ServingError when the client left or the server gives up. */
  readonly signal: AbortSignal;
  /** Called when one of the rows is answered, or never will be. */
  readonly rowEnded: () => void;
  /** For the log. */
  readonly requestId: string;
  /** Where it is traced. */
  readonly trace?: RequestTrace | undefined;
}

/** One instance of a stream. */
export interface StreamItem {
  readonly instance: Instance;
  /** On the clock of `performance.now()`. */
  readonly deadlineMs: number;
  /** Called once it is answered, or never will be. */
  readonly release: () => void;
}

/** What became of a stream's instances. */
export interface StreamTally {
  instances: number;
  failed: number;
  /** Of those that failed, by the server's fault. */
  faults: number;
}

/**
 * Opens the flow of a stream; further errors are its instances'.
 *
 * @throws {ServingError} INVALID_ARGUMENT when the signature does not take the parameters.
 */
export function openStream({
  model,
  signature,
  parameters,
  signal,
  rowEnded,
  trace,
}: StreamCall): InstanceFlow {
  const { head } = model.servable;
  trace?.servedBy(model.servable);
  checkParameters(parameters, signature, head);
  const options = {
    signature,
    parameters: readParameters(parameters, head),
    signal,
    rowEnded,
    stages: trace?.stages,
  };
  setMaxListeners(0, signal);
  return model.predictor.openFlow(options, parameters);
}

/** What a stream takes and gives. */
export interface StreamFlow {
  readonly flow: InstanceFlow;
  readonly items: AsyncIterable<StreamItem>;
  readonly send: (index: number, prediction: Prediction) => Promise<void>;
  /** Counts what has become of the instances so far. */
  readonly tally: StreamTally;
}

/**
 * Answers instances as they come, so many at once as keep the devices busy: the next one is asked for when there is room.
 *
 * Order: as they are ready; `send` is told which one it is, counted from 0. While it does not resolve, the answer's place
 * is not given to another instance.
 *
 * @throws {ServingError} the signal's reason, or what ended `items` or failed in `send`, once what was in work is answered.
 */
export async function answerStream(
  api: Pick<ServingApi, "settings" | "metrics" | "logger">,
  call: StreamCall,
  { flow, items, send, tally }: StreamFlow,
): Promise<void> {
  const { signal, model } = call;
  const window = new WorkWindow(windowSize(model.servable, api.settings));
  const sending = new AbortController();
  const answer = async (item: StreamItem, index: number) => {
    try {
      const prediction = await predict(flow, item, { index, signal });
      item.release();
      count(api, call, { prediction, tally });
      if (!signal.aborted) await send(index, prediction);
    } catch (error) {
      sending.abort(error);
    } finally {
      window.leave();
    }
  };
  let sliceStartMs = performance.now();
  await window.enter();
  try {
    for await (const item of items) {
      void answer(item, tally.instances++);
      await window.enter();
      signal.throwIfAborted();
      sending.signal.throwIfAborted();
      if (performance.now() - sliceStartMs < SLICE_MS) continue;
      await setImmediate();
      sliceStartMs = performance.now();
    }
  } finally {
    window.leave();
    await window.empty();
  }
  signal.throwIfAborted();
  sending.signal.throwIfAborted();
}

/** One batch runs on each lane while the next one is made ready, and another is on its way to the client. */
function windowSize({ lanes, maxBatchSize }: Servable, settings: ServingApi["settings"]): number {
  const wanted = Math.max(MIN_WINDOW, 2 * (lanes.count + 1) * maxBatchSize);
  return Math.min(wanted, settings.maxInstances, settings.maxEnqueuedInstances);
}

/** An instance that fails by whatever fault fails alone. */
async function predict(
  flow: InstanceFlow,
  { instance, deadlineMs }: StreamItem,
  { index, signal }: { readonly index: number; readonly signal: AbortSignal },
): Promise<Prediction> {
  try {
    return await within(flow.predictOne(instance, index, deadlineMs), {
      signal,
      timeoutMs: deadlineMs - performance.now(),
      onTimeout: () => new ServingError("DEADLINE_EXCEEDED", "no answer within REQUEST_TIMEOUT_MS"),
    });
  } catch (thrown) {
    const key = instance.key === undefined ? {} : { key: instance.key };
    return { error: toServingError(thrown), ...key };
  }
}

function count(
  { metrics, logger }: Pick<ServingApi, "metrics" | "logger">,
  { requestId, model, trace }: StreamCall,
  { prediction, tally }: { readonly prediction: Prediction; readonly tally: StreamTally },
): void {
  if (!("error" in prediction)) {
    metrics.instancesEnded("ok", 1, model.servable.name);
    return;
  }
  const { code, message, cause } = prediction.error;
  metrics.instancesEnded(outcomeOf(prediction.error), 1, model.servable.name);
  if (isServerFault(code)) {
    tally.faults += 1;
    // Once for a stream, whose every instance may fail alike.
    if (tally.faults === 1) {
      logger.error({ requestId, ...trace?.ids, code, message, cause }, "instances failed");
    }
  }
  tally.failed += 1;
}
