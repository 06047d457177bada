import type { IncomingMessage } from "node:http";
import { flowInTurns } from "./flow-in-turns.ts";

/** How long a refused client may go on sending before its socket is cut. */
export const LINGER_MS = 5000;

/** Takes what is left of a body whose answer is out, for a while: the connection may carry another request. */
export function discardRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const { socket } = request;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  request.once("close", () => clearTimeout(timer));
  flowInTurns(request);
}

/**
 * Keeps the socket open for a while after an answer that did not wait for the request's body. Closing it
 * at once, with bytes unread, makes the kernel send a reset that can overtake the answer, and the client
 * sees a broken connection instead of its error.
 *
 * @see RFC 9112 section 9.6, the "lingering close"
 */
export function lingerAfterAnswer(request: IncomingMessage): void {
  const { socket } = request;
  // Node calls destroySoon when an answer with `Connection: close` is out.
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(timer));
    request.once("end", () => socket.destroy());
    flowInTurns(request);
  };
}
