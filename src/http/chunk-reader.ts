import type { IncomingMessage } from "node:http";
import { finished, type Readable } from "node:stream";
import { ServingError } from "../errors.ts";
import { bodyEncoding, createBodyDecoder } from "./body-decoder.ts";
import { flowInTurns } from "./flow-in-turns.ts";

/** More is not read ahead of who asks. */
const MAX_QUEUED_BYTES = 65_536;

/** Reads a body, decompressed, as fast as it is asked for: what is not is left to the client's socket. */
export class ChunkReader {
  readonly #request: IncomingMessage;
  readonly #decoder: ReturnType<typeof createBodyDecoder>;
  readonly #source: Readable;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;
  readonly #unwatch: () => void;

  /** @throws {ServingError} UNSUPPORTED_ENCODING for an unknown or stacked Content-Encoding. */
  constructor(request: IncomingMessage) {
    this.#request = request;
    this.#decoder = createBodyDecoder(request);
    this.#source = this.#decoder ?? request;
    this.#source.on("data", this.#onData);
    this.#unwatch = finished(this.#source, { writable: false }, (error) => {
      this.#end = error ? { error: this.#toServingError(error) } : {};
      this.#wake?.();
    });
    flowInTurns(request);
  }

  /**
   * Returns what has come since the last call, or undefined at the end of the body. One call at a time.
   *
   * @throws {ServingError} INVALID_ARGUMENT when it does not decompress; CANCELLED when the client leaves.
   */
  async next(): Promise<Buffer | undefined> {
    while (this.#queue.length === 0) {
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return undefined;
      }
      this.#source.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const chunks = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    const [only, ...more] = chunks;
    return only !== undefined && more.length === 0 ? only : Buffer.concat(chunks);
  }

  /** Lets go of the body, which may not be at its end. */
  stop(): void {
    this.#unwatch();
    this.#source.off("data", this.#onData);
    if (this.#decoder === undefined) return;
    this.#request.unpipe(this.#decoder);
    this.#decoder.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes >= MAX_QUEUED_BYTES) this.#source.pause();
    this.#wake?.();
  };

  #toServingError(error: Error): ServingError {
    if (this.#decoder === undefined || this.#request.errored) {
      return new ServingError("CANCELLED", "the client left before its body was complete", { cause: error });
    }
    return new ServingError("INVALID_ARGUMENT", `the body is not valid ${bodyEncoding(this.#request)}`, {
      cause: error,
    });
  }
}
