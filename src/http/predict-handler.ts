import type { Middleware } from "koa";
import { ServingError } from "../errors.ts";
import type { InstanceOutcome } from "../observability/metrics.ts";
import type { PredictAnswer } from "../predictor.ts";
import type { PredictRequest } from "../protocol/predict-request.ts";
import { tfsOutputs } from "../protocol/tfs-outputs.ts";
import { writeJson } from "../protocol/write-json.ts";
import { type Prediction, writePredictions } from "../protocol/write-predictions.ts";
import type { Servable } from "../servable.ts";
import { readParameters } from "../signature/parameters.ts";
import { rowCount } from "../tensor/columns.ts";
import type { Ticket } from "./admission.ts";
import type { Dialect } from "./dialects.ts";
import { readBody } from "./read-body.ts";
import { type CheckModel, type ReadRequest, type RequestPlace, readRequest } from "./read-request.ts";
import { createRequestSignal, type RequestSignal } from "./request-signal.ts";
import { sendJson } from "./send-json.ts";
import type { LoadedModel, ServingApi } from "./serving-api.ts";
import { STATUS_OF_CODE } from "./status.ts";

/** Returns the handler of a predict route: from the body's bytes to the predictions' text. */
export function predictHandler(api: ServingApi, dialect: Dialect, checkModel: CheckModel): Middleware {
  return async (ctx) => {
    const model = requireModel(api);
    const ticket = api.admission.enter();
    const ending = createRequestSignal(ctx.res);
    try {
      await answer({ ctx, api, dialect, checkModel, model, ticket, ending });
    } finally {
      ending.stop();
      ticket.release();
    }
  };
}

interface Exchange extends RequestPlace {
  readonly ticket: Ticket;
  readonly ending: RequestSignal;
}

async function answer(exchange: Exchange): Promise<void> {
  const { ctx, api, dialect, model, ticket, ending } = exchange;
  const { settings, metrics } = api;
  const { request, signature, bytesIn, deadlineMs } = await receive(exchange);
  const count = countInstances(request);
  ctx.state.fields = { bytesIn, instances: count, signature };
  const policy = settings.onBadInstance ?? dialect.onBadInstance;
  try {
    ticket.holdInstances(count, { rows: countRows(request, model.servable), deadlineMs });
    if (policy === "fail") failOnBad(request);
    const predicted = await model.predictor.predict(request, {
      signature,
      parameters: readParameters(request.parameters, model.servable.head),
      signal: ending.signal,
      deadlineMs,
      rowEnded: ticket.rowEnded,
    });
    const failed = failedInstances(predicted);
    if (failed.length > 0 && (policy === "fail" || failed.length === count)) throw failed[0]?.error;
    logFaults(exchange, failed);
    await send(exchange, request, predicted);
    metrics.instancesEnded("ok", count - failed.length);
    metrics.instancesEnded("bad_instance", failed.length);
  } catch (error) {
    metrics.instancesEnded(outcomeOf(error), count);
    throw error;
  }
}

interface ReceivedRequest extends ReadRequest {
  readonly bytesIn: number;
  readonly deadlineMs: number;
}

/** A function of its own, so that nothing holds the body while its images wait. */
async function receive(exchange: Exchange): Promise<ReceivedRequest> {
  const { ctx, api, ticket, ending } = exchange;
  const { maxBodyBytes, maxEnqueuedBytes, requestTimeoutMs } = api.settings;
  const body = await readBody(ctx.req, {
    maxBytes: Math.min(maxBodyBytes, maxEnqueuedBytes),
    onBytes: ticket.holdBytes,
  });
  const deadlineMs = ending.startDeadline(requestTimeoutMs);
  return { ...(await readRequest(exchange, body)), bytesIn: body.length, deadlineMs };
}

function requireModel({ lifecycle, model }: ServingApi): LoadedModel {
  const loaded = model();
  if (loaded !== undefined && lifecycle.takesWork) return loaded;
  const code = lifecycle.state === "DRAINING" ? "DRAINING" : "NOT_READY";
  throw new ServingError(code, `predictions are not answered now: ${lifecycle.state}`, {
    retryAfterSeconds: 1,
  });
}

function countInstances({ inputs }: PredictRequest): number {
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

/** What failed inside the server among instances that were answered: the caller gets a sentence, the log the cause. */
function logFaults({ ctx, api }: Exchange, failed: readonly Failed[]): void {
  const faults = failed.filter(({ error }) => STATUS_OF_CODE[error.code] >= 500);
  const [first] = faults;
  if (first === undefined) return;
  const { code, message, cause } = first.error;
  const requestId = ctx.response.get("X-Request-Id");
  api.logger.error({ requestId, code, message, cause, faults: faults.length }, "instances failed");
}

async function send(
  { ctx, api }: Exchange,
  { format }: PredictRequest,
  predicted: PredictAnswer,
): Promise<void> {
  if (predicted.kind === "predictions") {
    const failed = predicted.predictions.flatMap((one, i) => ("error" in one ? [i] : []));
    if (failed.length > 0) ctx.set("X-Failed-Instances", failed.join(","));
    ctx.state.fields = { ...ctx.state.fields, failed: failed.length };
  }
  const written = await writeJson(
    predicted.kind === "outputs"
      ? { outputs: tfsOutputs(predicted.outputs) }
      : writePredictions(format, predicted.predictions),
  );
  api.metrics.nonFiniteWritten(written.nonFinite);
  ctx.status = 200;
  sendJson(ctx, written);
}

function outcomeOf(error: unknown): InstanceOutcome {
  if (!(error instanceof ServingError)) return "failed";
  switch (error.code) {
    case "QUEUE_FULL":
      return "refused";
    case "DEADLINE_EXCEEDED":
      return "timeout";
    case "CANCELLED":
      return "cancelled";
    case "INTERNAL":
    case "INFERENCE_FAILED":
      return "failed";
    default:
      return "bad_instance";
  }
}
