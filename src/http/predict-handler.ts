import type { Context, Middleware } from "koa";
import { ServingError } from "../errors.ts";
import type { PredictAnswer } from "../predictor.ts";
import type { WrittenJson } from "../protocol/json-sink.ts";
import { writeJson } from "../protocol/write-json.ts";
import type { Ticket } from "../serving/admission.ts";
import { answerCall, countInstances } from "../serving/answer-call.ts";
import type { AskedModel, LoadedModel } from "../serving/model-directory.ts";
import { requireWork } from "../serving/take-work.ts";
import { answerForm, isLines } from "./answer-form.ts";
import { answerLines } from "./answer-lines.ts";
import { answerListed } from "./answer-listed.ts";
import { compressAnswer } from "./compress-answer.ts";
import type { Dialect, DialectCall, HttpAnswer } from "./dialect.ts";
import type { HttpApi } from "./http-api.ts";
import { readBody } from "./read-body.ts";
import type { JsonForm } from "./read-request.ts";
import { createRequestSignal, type RequestSignal } from "./request-signal.ts";
import { sendBytes } from "./send-json.ts";

/**
 * Returns the handler of a predict route: from the body's bytes to the answer's.
 *
 * @param ask what the path names; undefined: the first model
 */
export function predictHandler(
  api: HttpApi,
  dialect: Dialect,
  ask: (ctx: Context) => AskedModel | undefined = () => undefined,
): Middleware {
  return async (ctx) => {
    requireWork(api);
    api.unsentAnswers.requireRoom();
    const model = lookUp(api, ask(ctx));
    if (dialect.lines !== undefined && isLines(ctx)) return lines(ctx, api, dialect.lines, model);
    const ticket = api.admission.enter(model instanceof ServingError ? undefined : model.forecast);
    const ending = createRequestSignal(ctx.res, api.lifecycle.cutOff);
    try {
      await answer({ ctx, api, dialect, model, ticket, ending });
    } finally {
      ending.stop();
      ticket.release();
    }
  };
}

async function lines(
  ctx: Context,
  api: HttpApi,
  form: JsonForm,
  model: LoadedModel | ServingError,
): Promise<void> {
  const ending = createRequestSignal(ctx.res, api.lifecycle.cutOff);
  try {
    await answerLines({ ctx, api, form, model: requireModel(model), ending });
  } finally {
    ending.stop();
  }
}

/** That there is no such model is said when its body is known to be sound, as TensorFlow Serving does. */
function lookUp({ models }: HttpApi, asked: AskedModel | undefined): LoadedModel | ServingError {
  try {
    return models.find(asked);
  } catch (error) {
    if (error instanceof ServingError && error.code !== "NOT_READY") return error;
    throw error;
  }
}

interface Exchange {
  readonly ctx: Context;
  readonly api: HttpApi;
  readonly dialect: Dialect;
  readonly model: LoadedModel | ServingError;
  readonly ticket: Ticket;
  readonly ending: RequestSignal;
}

async function answer(exchange: Exchange): Promise<void> {
  const { ctx, api, dialect, ticket, ending } = exchange;
  const { request, signature, write, bytesIn, deadlineMs } = await receive(exchange);
  ctx.state.fields = { bytesIn, instances: countInstances(request), signature };
  if (dialect.lines !== undefined && answerForm(ctx).kind === "lines") {
    const { model } = exchange;
    await answerListed({ ...exchange, model: requireModel(model) }, { request, signature, deadlineMs });
    return;
  }
  const call = {
    model: requireModel(exchange.model),
    request,
    signature,
    onBadInstance: dialect.onBadInstance,
    ticket,
    signal: ending.signal,
    deadlineMs,
    requestId: ctx.response.get("X-Request-Id"),
    trace: ctx.state.trace,
  };
  await answerCall(api, call, async (predicted) => {
    tellFailed(ctx, predicted);
    // A PNG is compressed, and so is its base64.
    await send(exchange, write(predicted), signature === "mask_png");
  });
}

interface ReceivedCall extends DialectCall {
  readonly bytesIn: number;
  readonly deadlineMs: number;
}

/** A function of its own, so that nothing holds the body while its images wait. */
async function receive({ ctx, api, dialect, model, ticket, ending }: Exchange): Promise<ReceivedCall> {
  const { settings } = api;
  const { maxBodyBytes, maxEnqueuedBytes, requestTimeoutMs } = settings;
  const body = await readBody(ctx.req, {
    maxBytes: Math.min(maxBodyBytes, maxEnqueuedBytes),
    // Not held: clients that say much and send little would keep all others out.
    onDeclared: ticket.requireBytes,
    onBytes: ticket.holdBytes,
  });
  ticket.holdBytes(body.length);
  const deadlineMs = ending.startDeadline(requestTimeoutMs);
  const read = await dialect.read({ ctx, settings, model: () => requireModel(model) }, body);
  return { ...read, bytesIn: body.length, deadlineMs };
}

function requireModel(model: LoadedModel | ServingError): LoadedModel {
  if (model instanceof ServingError) throw model;
  return model;
}

function tellFailed(ctx: Context, predicted: PredictAnswer): void {
  if (predicted.kind !== "predictions") return;
  const failed = predicted.predictions.flatMap((one, i) => ("error" in one ? [i] : []));
  if (failed.length > 0) ctx.set("X-Failed-Instances", failed.join(","));
  ctx.state.fields = { ...ctx.state.fields, failed: failed.length };
}

async function send({ ctx, api }: Exchange, answer: HttpAnswer, isPacked: boolean): Promise<void> {
  const { unsentAnswers, metrics, settings } = api;
  const written = "json" in answer ? await writeJson(answer.json) : bytesOf(answer.bytes);
  unsentAnswers.hold(ctx.res, written.byteLength);
  metrics.nonFiniteWritten(written.nonFinite);
  const { compressMinBytes } = settings;
  const isLong = compressMinBytes > 0 && written.byteLength >= compressMinBytes;
  const sent = isLong && !isPacked ? await compressAnswer(ctx, written) : written;
  unsentAnswers.shrink(ctx.res, sent.byteLength);
  sendBytes(ctx, sent);
  if ("json" in answer) ctx.type = "application/json";
  else ctx.set("Content-Type", answer.contentType);
  ctx.status = 200;
  if (answer.headers !== undefined) ctx.set({ ...answer.headers });
}

function bytesOf(bytes: Uint8Array): WrittenJson {
  return { chunks: [bytes], byteLength: bytes.length, nonFinite: 0 };
}
