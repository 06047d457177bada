import type { Context } from "koa";
import { toServingError } from "../errors.ts";
import { writeLastLine, writeLine } from "../protocol/write-line.ts";
import {
  answerStream,
  openStream,
  type StreamCall,
  type StreamItem,
  type StreamTally,
} from "../serving/answer-stream.ts";
import type { LoadedModel } from "../serving/model-directory.ts";
import type { HttpApi } from "./http-api.ts";
import { LineAnswer } from "./line-answer.ts";
import { discardRest } from "./linger.ts";
import type { RequestSignal } from "./request-signal.ts";

export interface StreamExchange {
  readonly ctx: Context;
  readonly api: HttpApi;
  readonly model: LoadedModel;
  readonly ending: RequestSignal;
}

interface StreamSource extends Pick<StreamCall, "signature" | "parameters" | "rowEnded"> {
  readonly items: AsyncIterable<StreamItem>;
}

/**
 * Answers instances with a line for each prediction, as they are ready; an error of the stream as a whole is the last line.
 *
 * @throws {ServingError} INVALID_ARGUMENT when the signature does not take the parameters; nothing is sent then.
 */
export async function streamItems(
  { ctx, api, model, ending }: StreamExchange,
  { items, ...source }: StreamSource,
): Promise<void> {
  const { signal } = ending;
  const requestId = ctx.response.get("X-Request-Id");
  const call: StreamCall = { ...source, model, signal, requestId, trace: ctx.state.trace };
  const flow = openStream(call);
  const tally: StreamTally = { instances: 0, failed: 0, faults: 0 };
  ctx.status = 200;
  ctx.type = "application/x-ndjson";
  // Koa would send a body of its own.
  ctx.respond = false;
  ctx.res.flushHeaders();
  const answer = new LineAnswer(ctx.res, { api, signal });
  try {
    await answerStream(api, call, {
      flow,
      items,
      tally,
      send: (index, prediction) => answer.write(writeLine(index, prediction)),
    });
  } catch (thrown) {
    const error = toServingError(thrown);
    ctx.state.error = error;
    api.metrics.errorAnswered(error.code);
    await answer.write(writeLastLine(error)).catch(() => {});
  } finally {
    const { instances, failed } = tally;
    ctx.state.fields = { ...ctx.state.fields, signature: call.signature, instances, failed };
    answer.end();
    discardRest(ctx.req);
  }
}
