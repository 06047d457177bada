import type { IncomingMessage } from "node:http";
import { ServingError } from "../errors.ts";
import { within } from "../serving/within.ts";
import { ChunkReader } from "./chunk-reader.ts";

export interface ReadLinesOptions {
  /** Of one line, after decompression. */
  readonly maxLineBytes: number;
  /** Longest wait for more of a body. */
  readonly receiveTimeoutMs: number;
  /** When aborted, the lines end with its reason. */
  readonly signal: AbortSignal;
  /** Told what has come; may throw to refuse the rest. */
  readonly onBytes: (bytes: number) => void;
}

/** A line of a body. */
export interface Line {
  /** Without its end. Memory that is used again when the next line is asked for. */
  readonly text: Buffer;
  /** Of those that `onBytes` was told, with lines before it that hold nothing. */
  readonly bytes: number;
}

const NEWLINE = 0x0a;

/**
 * Returns the lines of a request's body, decompressed, as they come, but for those of white space. The last one needs no
 * end. While none is asked for, the body is left to the client's socket.
 *
 * @throws {ServingError} BODY_TOO_LARGE at a line past `maxLineBytes`; REQUEST_TIMEOUT when nothing comes in time; the
 * signal's reason; what else ends a body early.
 */
export async function* readLines(
  request: IncomingMessage,
  { maxLineBytes, receiveTimeoutMs, signal, onBytes }: ReadLinesOptions,
): AsyncGenerator<Line, void> {
  const reader = new ChunkReader(request);
  const onTimeout = () => new ServingError("REQUEST_TIMEOUT", "no line has come within RECEIVE_TIMEOUT_MS");
  const begun = new BegunLine(maxLineBytes);
  let blankBytes = 0;
  const take = (rest: Buffer): Line | undefined => {
    const text = begun.complete(rest);
    const bytes = blankBytes + text.length + 1;
    blankBytes = isBlank(text) ? bytes : 0;
    return blankBytes > 0 ? undefined : { text, bytes };
  };
  try {
    for (;;) {
      const chunk = await within(reader.next(), { signal, timeoutMs: receiveTimeoutMs, onTimeout });
      if (chunk === undefined) break;
      onBytes(chunk.length);
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        const line = take(chunk.subarray(start, end));
        start = end + 1;
        if (line !== undefined) yield line;
        signal.throwIfAborted();
      }
      begun.append(chunk.subarray(start));
    }
    const line = take(Buffer.alloc(0));
    // The last one has no end, which would be a byte.
    if (line !== undefined) yield { ...line, bytes: line.bytes - 1 };
  } finally {
    reader.stop();
  }
}

/** A larger one is not kept for the next line. */
const KEPT_BYTES = 2 ** 20;

/** The beginning of a line whose end has not come. */
class BegunLine {
  readonly #maxBytes: number;
  #memory = Buffer.alloc(0);
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  append(part: Buffer): void {
    const length = this.#length + part.length;
    if (length > this.#maxBytes) throw tooLong(this.#maxBytes);
    if (length > this.#memory.length) {
      // Doubles, so that a line is copied at most twice, in however small parts it comes.
      const larger = Buffer.allocUnsafeSlow(
        Math.min(Math.max(2 * this.#memory.length, length), this.#maxBytes),
      );
      this.#memory.copy(larger, 0, 0, this.#length);
      this.#memory = larger;
    }
    part.copy(this.#memory, this.#length);
    this.#length = length;
  }

  complete(rest: Buffer): Buffer {
    if (this.#length === 0 && rest.length <= this.#maxBytes) return rest;
    this.append(rest);
    const line = this.#memory.subarray(0, this.#length);
    this.#length = 0;
    if (this.#memory.length > KEPT_BYTES) this.#memory = Buffer.alloc(0);
    return line;
  }
}

function isBlank(text: Buffer): boolean {
  return text.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function tooLong(maxLineBytes: number): ServingError {
  return new ServingError("BODY_TOO_LARGE", `a line is larger than MAX_BODY_BYTES (${maxLineBytes})`);
}
