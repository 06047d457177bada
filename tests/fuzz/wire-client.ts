import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { WireAnswer } from "./parse-answers.ts";
import { Received } from "./received.ts";
import type { WireRequest } from "./wire-request.ts";

/** What came back for one request. */
export interface Exchange {
  /** One where the request was framed; else as many as the server found requests in the bytes. */
  readonly answers: readonly WireAnswer[];
  /** From the request's last byte to the last answer's. */
  readonly milliseconds: number;
}

/** How long after its last byte a connection without framing is still listened to, before the client hangs up. */
const QUIET_MS = 100;

/** Sends requests as bytes, one at a time; keeps the connection where both sides allow it. */
export class WireClient {
  readonly #port: () => number;
  #kept: Socket | undefined;

  /** @param port where the server listens now */
  constructor(port: () => number) {
    this.#port = port;
  }

  /** @throws {Error} when the answer is no HTTP, is missing or does not come. */
  async send(request: WireRequest): Promise<Exchange> {
    return request.isFramed ? this.#exchange(request) : this.#pour(request);
  }

  close(): void {
    this.#kept?.destroy();
    this.#kept = undefined;
  }

  async #exchange({ bytes, isHead }: WireRequest): Promise<Exchange> {
    // One that the server has ended meanwhile, after KEEP_ALIVE_MS, is destroyed.
    const socket = this.#kept?.destroyed === false ? this.#kept : await this.#connect();
    this.#kept = undefined;
    const startMs = performance.now();
    const received = new Received(socket, () => isHead);
    try {
      socket.write(bytes);
      const { answers, rest } = await received.until(({ answers }) => answers.length > 0);
      const [answer] = answers;
      if (answer === undefined) throw new Error("the connection ended without an answer");
      const isLast = answer.headers.get("connection") === "close";
      // What could not be read as HTTP is not known to be a HEAD: its error has a body.
      if (answers.length > 1 || (rest.length > 0 && !(isHead && isLast))) {
        throw new Error("bytes follow the answer");
      }
      if (isLast) socket.destroy();
      else this.#kept = socket;
      return { answers, milliseconds: performance.now() - startMs };
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      received.stop();
    }
  }

  async #pour({ bytes, hangsUp }: WireRequest): Promise<Exchange> {
    const socket = await this.#connect();
    const startMs = performance.now();
    // Which answer belongs to a HEAD is not known; none of our bodies begins like an answer.
    const received = new Received(socket, (after) => after.length === 0 || after.subarray(0, 5).equals(HTTP));
    try {
      socket.write(bytes);
      if (!hangsUp) await received.quiet(QUIET_MS);
      const waitedMs = hangsUp ? 0 : QUIET_MS;
      socket.end();
      const { answers } = await received.until(() => false);
      return { answers, milliseconds: Math.max(0, performance.now() - startMs - waitedMs) };
    } finally {
      received.stop();
      socket.destroy();
    }
  }

  async #connect(): Promise<Socket> {
    const socket = connect({ port: this.#port(), host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    // A reset while nobody reads shows in the next exchange.
    socket.on("error", () => {});
    return socket;
  }
}

const HTTP = Buffer.from("HTTP/");
