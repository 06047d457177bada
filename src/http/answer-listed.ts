import { ServingError } from "../errors.ts";
import type { Instance, PredictRequest } from "../protocol/predict-request.ts";
import type { Ticket } from "../serving/admission.ts";
import type { StreamItem } from "../serving/answer-stream.ts";
import type { SignatureName } from "../signature/head.ts";
import { type StreamExchange, streamItems } from "./stream-items.ts";

export interface ListedCall {
  readonly request: PredictRequest;
  readonly signature: SignatureName;
  /** Of the request; once it is accepted each instance has its own. */
  readonly deadlineMs: number;
}

/**
 * Answers the instances of an ordinary body with a line for each prediction.
 *
 * @throws {ServingError} NOT_ACCEPTABLE where they have one answer; QUEUE_FULL when they don't fit.
 */
export async function answerListed(
  exchange: StreamExchange & { readonly ticket: Ticket },
  { request, signature, deadlineMs }: ListedCall,
): Promise<void> {
  const { api, model, ending, ticket } = exchange;
  const { inputs, parameters } = request;
  const { batching, preprocess } = model.servable;
  const isWhole = batching.kind === "whole" && preprocess === undefined;
  if (inputs.kind === "tensors" || isWhole) {
    const text = "application/x-ndjson: what comes as one tensor is answered as one; ask for JSON";
    throw new ServingError("NOT_ACCEPTABLE", text);
  }
  const { instances } = inputs;
  ticket.holdInstances(instances.length, { rows: Math.max(1, instances.length), deadlineMs });
  ending.stopDeadline();
  const items = toItems(instances, api.settings.requestTimeoutMs);
  await streamItems(exchange, { signature, parameters, rowEnded: ticket.rowEnded, items });
}

async function* toItems(
  instances: readonly Instance[],
  requestTimeoutMs: number,
): AsyncGenerator<StreamItem, void> {
  for (const instance of instances) {
    yield { instance, deadlineMs: performance.now() + requestTimeoutMs, release: () => {} };
  }
}
