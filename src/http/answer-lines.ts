import { ServingError } from "../errors.ts";
import { type LinesHead, parseInstanceLine, parseLinesHead } from "../protocol/parse-line.ts";
import type { Instance } from "../protocol/predict-request.ts";
import type { StreamTicket } from "../serving/admission.ts";
import type { StreamItem } from "../serving/answer-stream.ts";
import { allowLong, endLong } from "./long-requests.ts";
import { type Line, readLines } from "./read-lines.ts";
import { type JsonForm, signatureOf } from "./read-request.ts";
import { type StreamExchange, streamItems } from "./stream-items.ts";

export interface LinesExchange extends StreamExchange {
  readonly form: JsonForm;
}

/**
 * Answers a body of lines, one instance each, with a line for each prediction, both at the same time. What is wrong with
 * the request as a whole before the first instance has the status of its error; afterwards, it is the last line.
 *
 * @throws {ServingError} what is wrong before the first instance.
 */
export async function answerLines(exchange: LinesExchange): Promise<void> {
  const { ctx, api, form, model, ending } = exchange;
  const ticket = api.admission.enterStream(model.forecast);
  const stopping = AbortSignal.any([ending.signal, api.lifecycle.closed]);
  let bytesIn = 0;
  const lines = readLines(ctx.req, {
    maxLineBytes: api.settings.maxBodyBytes,
    receiveTimeoutMs: api.settings.receiveTimeoutMs,
    signal: stopping,
    onBytes: (bytes) => {
      ticket.holdBytes(bytes);
      bytesIn += bytes;
    },
  });
  allowLong(ctx.req.socket);
  try {
    const { head, rest } = await readHead(lines, ticket);
    const place = { settings: api.settings, model: () => model };
    const signature = signatureOf(place, form, { named: head?.signatureName, isSingle: false });
    const items = toItems(rest, {
      ticket,
      stopping,
      parse: (line, index) =>
        parseInstanceLine(line.text, { parse: form.parse, model: model.servable.modelInputs, index }),
    });
    const parameters = head?.parameters ?? {};
    await streamItems(exchange, { signature, parameters, rowEnded: ticket.rowEnded, items });
  } finally {
    ctx.state.fields = { ...ctx.state.fields, bytesIn };
    ticket.release();
    endLong(ctx.req.socket);
    void lines.return();
  }
}

type Lines = AsyncGenerator<Line, void>;

/** Tells a head from the first instance, which is one of the rest. */
async function readHead(
  lines: Lines,
  ticket: StreamTicket,
): Promise<{ readonly head?: LinesHead | undefined; readonly rest: AsyncIterable<Line> }> {
  const { value: first } = await lines.next();
  if (!first) throw new ServingError("INVALID_ARGUMENT", "expected one instance a line, got none");
  const head = parseLinesHead(first.text);
  if (head === undefined) return { rest: startingWith(first, lines) };
  ticket.releaseBytes(first.bytes);
  return { head, rest: lines };
}

async function* startingWith(first: Line, lines: Lines): AsyncGenerator<Line, void> {
  yield first;
  yield* lines;
}

interface ItemOptions {
  readonly ticket: StreamTicket;
  readonly stopping: AbortSignal;
  readonly parse: (line: Line, index: number) => Instance;
}

async function* toItems(
  lines: AsyncIterable<Line>,
  { ticket, stopping, parse }: ItemOptions,
): AsyncGenerator<StreamItem, void> {
  let index = 0;
  for await (const line of lines) {
    const { bytes } = line;
    const instance = parse(line, index);
    index += 1;
    const deadlineMs = await ticket.holdInstance(stopping);
    const release = () => {
      ticket.releaseBytes(bytes);
      ticket.releaseInstance();
    };
    yield { instance, deadlineMs, release };
  }
}
