import type { PredictAnswer } from "../predictor.ts";
import type { PredictRequest } from "../protocol/predict-request.ts";
import type { Ticket } from "../serving/admission.ts";
import { answerCall, countInstances } from "../serving/answer-call.ts";
import type { AskedModel, LoadedModel } from "../serving/model-directory.ts";
import { requireWork } from "../serving/take-work.ts";
import type { SignatureName } from "../signature/head.ts";
import { type CallSignal, createCallSignal } from "./call-signal.ts";
import type { GrpcApi } from "./grpc-api.ts";
import { type Exchange, takeMessage } from "./grpc-method.ts";

/** A message, read as far as that goes without the model. */
export interface Question {
  readonly asked: AskedModel | undefined;
  /** Reads the rest for the model that was asked for. */
  readonly open: (model: LoadedModel) => OpenedCall;
}

/** What a message asks for, and how its answer is written. */
export interface OpenedCall {
  readonly request: PredictRequest;
  readonly signature: SignatureName;
  readonly write: (predicted: PredictAnswer) => Buffer;
}

/**
 * Returns the method that answers predictions: from a message's bytes to the answer's. One bad instance fails the call:
 * tensors have no place for an error.
 */
export function predictCall(
  api: GrpcApi,
  read: (message: Buffer) => Question,
): (exchange: Exchange) => Promise<Buffer> {
  return async (exchange) => {
    requireWork(api);
    api.unsentMessages.requireRoom();
    const { settings, lifecycle } = api;
    const limits = { cutOff: lifecycle.cutOff, timeoutMs: settings.requestTimeoutMs };
    const ending = createCallSignal(exchange.call, exchange.record.deadlineMs, limits);
    let ticket: Ticket | undefined;
    try {
      const received = receive(api, exchange, read, (entered) => {
        ticket = entered;
      });
      return await answer(api, exchange, { ...received, ending });
    } finally {
      ending.stop();
      ticket?.release();
    }
  };
}

interface Received extends OpenedCall {
  readonly model: LoadedModel;
  readonly ticket: Ticket;
}

/** A function of its own, so that nothing holds the message while its images wait. */
function receive(
  api: GrpcApi,
  { call, record }: Exchange,
  read: (message: Buffer) => Question,
  onEntered: (ticket: Ticket) => void,
): Received {
  const message = takeMessage(call);
  const question = read(message);
  const model = api.models.find(question.asked);
  const ticket = api.admission.enter(model.forecast);
  onEntered(ticket);
  ticket.holdBytes(message.length);
  const opened = question.open(model);
  const { request, signature } = opened;
  record.fields = { bytesIn: message.length, instances: countInstances(request), signature };
  return { ...opened, model, ticket };
}

async function answer(
  api: GrpcApi,
  { record }: Exchange,
  { model, request, signature, write, ticket, ending }: Received & { readonly ending: CallSignal },
): Promise<Buffer> {
  const { signal, deadlineMs } = ending;
  const { requestId, trace } = record;
  let written = Buffer.alloc(0);
  const call = {
    model,
    request,
    signature,
    onBadInstance: "fail",
    ticket,
    signal,
    deadlineMs,
    requestId,
    trace,
  } as const;
  await answerCall(api, call, async (predicted) => {
    written = write(predicted) as Buffer<ArrayBuffer>;
    record.onEnd = api.unsentMessages.hold(written.length);
  });
  return written;
}
