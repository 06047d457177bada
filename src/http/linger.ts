import type { IncomingMessage } from "node:http";

/** How long a refused client may go on sending before its socket is cut. */
const LINGER_MS = 5000;

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
    request.resume();
  };
}
