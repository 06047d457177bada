import { BatchFailedError, type ServingError } from "../errors.ts";
import type { InstanceOutcome } from "../observability/metrics.ts";
import type { RequestTrace } from "../observability/request-trace.ts";
import type { PredictAnswer } from "../predictor.ts";
import type { PredictRequest } from "../protocol/predict-request.ts";
import type { Prediction } from "../protocol/write-predictions.ts";
import type { Servable } from "../servable.ts";
import { checkParameters } from "../signature/check-parameters.ts";
import type { SignatureName } from "../signature/head.ts";
import { readParameters } from "../signature/parameters.ts";
import { rowCount } from "../tensor/columns.ts";
import type { Ticket } from "./admission.ts";
import { isServerFault, outcomeOf } from "./fault.ts";
import type { LoadedModel } from "./model-directory.ts";
import type { ServingApi } from "./serving-api.ts";

/** One request, read; whatever it was written in. */
export interface Call {
  readonly model: LoadedModel;
  readonly request: PredictRequest;
  readonly signature: SignatureName;
  /** What one bad instance does to the request, unless ON_BAD_INSTANCE says otherwise. */
  readonly onBadInstance: "report" | "fail";
  readonly ticket: Ticket;
  /** Aborted with a ServingError when the client left or the deadline passed. */
  readonly signal: AbortSignal;
  /** On the clock of `performance.now()`. */
  readonly deadlineMs: number;
  /** For the log. */
  readonly requestId: string;
  /** Where it is traced. */
  readonly trace?: RequestTrace | undefined;
}

/**
 * Answers a request: admission → parameters → predictions → `send`, and counts what became of its instances.
 *
 * @throws {ServingError} what is wrong with the request as a whole, or under `fail` with its first bad instance;
 * {@link BatchFailedError} when none of a list was answered.
 */
export async function answerCall(
  api: Pick<ServingApi, "settings" | "metrics" | "logger">,
  call: Call,
  send: (predicted: PredictAnswer) => Promise<void>,
): Promise<void> {
  const { request, signature, model, ticket, deadlineMs, signal, trace } = call;
  const { head, name } = model.servable;
  const count = countInstances(request);
  trace?.servedBy(model.servable);
  const policy = api.settings.onBadInstance ?? call.onBadInstance;
  try {
    ticket.holdInstances(count, { rows: countRows(request, model.servable), deadlineMs });
    checkParameters(request.parameters, signature, head);
    if (policy === "fail") failOnBad(request);
    const parameters = readParameters(request.parameters, head);
    const { rowEnded } = ticket;
    const predicted = await model.predictor.predict(request, {
      signature,
      parameters,
      signal,
      deadlineMs,
      rowEnded,
      stages: trace?.stages,
    });
    const failed = failedInstances(predicted);
    const [first] = failed;
    if (first !== undefined && policy === "fail") throw first.error;
    if (first !== undefined && failed.length === count) throw errorOfAll(request, [first, ...failed]);
    logFaults(api, call, failed);
    await send(predicted);
    api.metrics.instancesEnded("ok", count - failed.length, name);
    api.metrics.instancesEnded("bad_instance", failed.length, name);
  } catch (error) {
    api.metrics.instancesEnded(outcomeOf(error) satisfies InstanceOutcome, count, name);
    throw error;
  }
}

/** Returns how many instances a request holds; what is no list of them is one. */
export function countInstances({ inputs }: PredictRequest): number {
  return inputs.kind === "instances" ? inputs.instances.length : (rowCount(inputs.tensors) ?? 1);
}

/** A model without a batch axis takes plain instances in one run. */
function countRows(request: PredictRequest, { batching, preprocess }: Servable): number {
  const { inputs } = request;
  if (batching.kind === "rows") return Math.max(1, countInstances(request));
  return inputs.kind === "tensors" || preprocess === undefined ? 1 : Math.max(1, inputs.instances.length);
}

function failOnBad({ inputs }: PredictRequest): void {
  if (inputs.kind !== "instances") return;
  for (const instance of inputs.instances) if (instance.kind === "bad") throw instance.error;
}

type Failed = Extract<Prediction, { readonly error: unknown }>;

function failedInstances(predicted: PredictAnswer): Failed[] {
  return predicted.kind === "outputs"
    ? []
    : predicted.predictions.filter((one): one is Failed => "error" in one);
}

/** A fault of the server's goes first: it may pass, so another try may help. */
function errorOfAll({ format }: PredictRequest, failed: readonly [Failed, ...Failed[]]): ServingError {
  const fault = failed.find(({ error }) => isServerFault(error.code));
  if (fault !== undefined) return fault.error;
  // An image that is the whole body is no batch: its code says it all.
  return format === "single" ? failed[0].error : new BatchFailedError(failed[0].error);
}

/** What failed inside the server among instances that were answered: the caller gets a sentence, the log the cause. */
function logFaults(
  { logger }: Pick<ServingApi, "logger">,
  { requestId, trace }: Call,
  failed: readonly Failed[],
): void {
  const faults = failed.filter(({ error }) => isServerFault(error.code));
  const [first] = faults;
  if (first === undefined) return;
  const { code, message, cause } = first.error;
  const line = { requestId, ...trace?.ids, code, message, cause, faults: faults.length };
  logger.error(line, "instances failed");
}
