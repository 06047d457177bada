import type { Readable } from "node:stream";

/** A chunk below this costs more for being one than for its bytes. */
const SMALL_BYTES = 64;
/** Small chunks that one body may have in a turn: about a millisecond. */
const CHUNKS_IN_TURN = 512;

/** Bodies whose turn is over, in order. One queue, as the process has one event loop. */
const waiting: Readable[] = [];
const sharing = new WeakSet<Readable>();

/**
 * Starts the flow of a body. Where it comes in many small chunks it takes turns with others of that kind, some chunks of one
 * body in each turn of the event loop, so that everybody else is answered in between. Each chunk costs Node about a
 * microsecond, and Node takes as many as there are: a few megabytes in chunks of one byte would keep all others waiting
 * for seconds. Bodies in ordinary chunks are not slowed down.
 */
export function flowInTurns(request: Readable): void {
  request.resume();
  if (sharing.has(request)) return;
  sharing.add(request);
  let chunks = 0;
  request.on("data", (chunk: Buffer) => {
    if (chunk.length >= SMALL_BYTES) return;
    chunks += 1;
    if (chunks < CHUNKS_IN_TURN) return;
    chunks = 0;
    request.pause();
    if (waiting.push(request) === 1) setImmediate(nextTurn);
  });
}

function nextTurn(): void {
  waiting.shift()?.resume();
  if (waiting.length > 0) setImmediate(nextTurn);
}
