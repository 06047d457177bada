import { once } from "node:events";
import net from "node:net";

/** A socket whose bytes the check writes itself. */
export interface RawSocket {
  readonly socket: net.Socket;
  /** What has come, as text. */
  readonly received: () => string;
  /** Why it broke, "" if it has not. */
  readonly failure: () => string;
}

/** Connects, and collects what comes back; errors are kept, not thrown. */
async function connectRaw(port: number): Promise<RawSocket> {
  let [text, code] = ["", ""];
  const socket = net.connect(port, "127.0.0.1");
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    code = error.code ?? error.message;
  });
  await once(socket, "connect");
  return { socket, received: () => text, failure: () => code };
}

/** Connects so many sockets, not more at once than a listener's backlog holds. */
export async function connectMany(port: number, count: number): Promise<RawSocket[]> {
  const sockets: RawSocket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(200, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => connectRaw(port)))));
  }
  return sockets;
}

/** The status of an answer; 0 where there is none. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}

/** Returns how many there are of each value, as "200 x 3, 503 x 1". */
export function tally(values: readonly (string | number)[]): string {
  const counts = new Map<string | number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => `${value} x ${count}`).join(", ");
}
