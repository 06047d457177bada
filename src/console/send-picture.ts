import { ServerError } from "./server-api.ts";

export interface SendOptions {
  readonly send: (signal: AbortSignal) => Promise<unknown>;
  /** Resolves after so many milliseconds. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** The server has no room now; it is asked again then. */
  readonly onWaiting: (seconds: number) => void;
  readonly signal: AbortSignal;
}

const MOST_TRIES = 5;

/** A server that wants a longer break than this is told of instead. */
const LONGEST_WAIT_SECONDS = 30;

/** Sends until there is an answer: a server that is full says when to come again. @throws {ServerError} */
export async function sendPicture({ send, wait, onWaiting, signal }: SendOptions): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    try {
      return await send(signal);
    } catch (error) {
      const seconds =
        error instanceof ServerError && error.status === 503 ? error.retryAfterSeconds : undefined;
      if (seconds === undefined || seconds > LONGEST_WAIT_SECONDS || tries === MOST_TRIES) throw error;
      onWaiting(seconds);
      await wait(seconds * 1000, signal);
    }
  }
}
