import type { Duplex } from "node:stream";

const sockets = new WeakSet<Duplex>();

/** Exempts the request that a socket carries from RECEIVE_TIMEOUT_MS as a whole: whoever reads it bounds each wait. */
export function allowLong(socket: Duplex): void {
  sockets.add(socket);
}

/** From now on the socket's requests are to arrive in time again. */
export function endLong(socket: Duplex): void {
  sockets.delete(socket);
}

/** Tells whether the request that a socket carries may take any time to arrive. */
export function isLong(socket: Duplex): boolean {
  return sockets.has(socket);
}
