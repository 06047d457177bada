import type { IncomingMessage } from "node:http";
import { finished, type Readable } from "node:stream";
import { ServingError } from "../errors.ts";
import { bodyEncoding, createBodyDecoder } from "./body-decoder.ts";
import { flowInTurns } from "./flow-in-turns.ts";

export interface ReadBodyOptions {
  /** Counted after decompression. */
  readonly maxBytes: number;
  /** Told Content-Length, before the first byte; may throw to refuse all of them. */
  readonly onDeclared: (bytes: number) => void;
  /** Told the bytes so far, when some more have come; may throw to refuse the rest. */
  readonly onBytes: (bytes: number) => void;
}

/** Bytes are told in steps: a body may come in chunks of one byte. */
const STEP_BYTES = 16_384;
const FIRST_BYTES = 2 ** 20;

/**
 * Reads a request's whole body, decompressed. Refuses by Content-Length before the first byte where it can.
 *
 * @throws {ServingError} BODY_TOO_LARGE past `maxBytes`; UNSUPPORTED_ENCODING for an unknown or stacked
 * Content-Encoding; INVALID_ARGUMENT when it does not decompress; CANCELLED when the client leaves.
 */
export async function readBody(
  request: IncomingMessage,
  options: ReadBodyOptions,
): Promise<Buffer<ArrayBuffer>> {
  const declaredBytes = Number(request.headers["content-length"] ?? 0);
  if (declaredBytes > options.maxBytes) throw tooLarge(options.maxBytes);
  flowInTurns(request);
  const decoder = createBodyDecoder(request);
  if (decoder === undefined) {
    options.onDeclared(declaredBytes);
    return collect(request, options, declaredBytes);
  }
  try {
    return await collect(decoder, options, 0);
  } catch (error) {
    if (error instanceof ServingError || request.errored) throw error;
    throw new ServingError("INVALID_ARGUMENT", `the body is not valid ${bodyEncoding(request)}`, {
      cause: error,
    });
  } finally {
    request.unpipe(decoder);
    decoder.destroy();
  }
}

function collect(
  stream: Readable,
  options: ReadBodyOptions,
  expectedBytes: number,
): Promise<Buffer<ArrayBuffer>> {
  // What is declared and never comes takes no memory.
  let body = Buffer.allocUnsafeSlow(Math.min(expectedBytes || STEP_BYTES, FIRST_BYTES));
  let [length, told] = [0, 0];
  return new Promise((resolve, reject) => {
    // Doubles, so that a body is copied at most twice, and ends with just what was declared.
    const roomBytes = () => Math.min(2 * body.length, expectedBytes || Number.POSITIVE_INFINITY);
    // Not an async iterator: it costs several times as much for each of many small chunks.
    const onData = (chunk: Buffer) => {
      try {
        if (length + chunk.length > options.maxBytes) throw tooLarge(options.maxBytes);
        const neededBytes = length + chunk.length;
        if (neededBytes > body.length) body = grow(body, length, Math.max(neededBytes, roomBytes()));
        length += chunk.copy(body, length);
        if (length - told < STEP_BYTES) return;
        told = length;
        options.onBytes(length);
      } catch (error) {
        giveUp(error);
      }
    };
    const giveUp = (error: unknown) => {
      stream.off("data", onData);
      unwatch();
      // Not destroyed: its socket carries the answer.
      stream.pause();
      reject(error);
    };
    const unwatch = finished(stream, { writable: false }, (error) => {
      if (error) giveUp(error.code === "ECONNRESET" ? clientLeft(error) : error);
      else resolve(body.subarray(0, length));
    });
    stream.on("data", onData);
  });
}

function clientLeft(cause: Error): ServingError {
  return new ServingError("CANCELLED", "the client left before its body was complete", { cause });
}

function grow(body: Buffer<ArrayBuffer>, length: number, bytes: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow(bytes);
  body.copy(larger, 0, 0, length);
  return larger;
}

function tooLarge(maxBytes: number): ServingError {
  return new ServingError("BODY_TOO_LARGE", `the body is larger than MAX_BODY_BYTES (${maxBytes})`);
}
