import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { excerpt, ServingError } from "../errors.ts";

export interface ReadBodyOptions {
  /** Counted after decompression. */
  readonly maxBytes: number;
  /** Told the bytes so far; may throw to refuse the rest. */
  readonly onBytes: (bytes: number) => void;
}

/** What to read a compressed body through. */
const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

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
  const encoding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  const declaredBytes = Number(request.headers["content-length"] ?? 0);
  if (declaredBytes > options.maxBytes) throw tooLarge(options.maxBytes);
  if (encoding === "identity" || encoding === "") {
    options.onBytes(declaredBytes);
    return collect(request, options, declaredBytes);
  }
  const createDecoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (createDecoder === undefined) {
    throw new ServingError(
      "UNSUPPORTED_ENCODING",
      `Content-Encoding "${excerpt(encoding)}" is not supported: send gzip, deflate, br or none`,
    );
  }
  const decoder = createDecoder();
  // Not pipeline(): it would destroy the request, and with it the socket that the answer goes out on.
  request.on("error", (error) => decoder.destroy(error));
  request.pipe(decoder);
  try {
    return await collect(decoder, options, 0);
  } catch (error) {
    if (error instanceof ServingError || request.errored) throw error;
    throw new ServingError("INVALID_ARGUMENT", `the body is not valid ${encoding}`, { cause: error });
  } finally {
    request.unpipe(decoder);
    decoder.destroy();
  }
}

async function collect(
  stream: Readable,
  options: ReadBodyOptions,
  expectedBytes: number,
): Promise<Buffer<ArrayBuffer>> {
  let body = Buffer.allocUnsafeSlow(expectedBytes || 16_384);
  let length = 0;
  try {
    // The iterator must not destroy a request that is given up: its socket carries the answer.
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (length + chunk.length > options.maxBytes) throw tooLarge(options.maxBytes);
      if (length + chunk.length > body.length) body = grow(body, length, length + chunk.length);
      length += chunk.copy(body, length);
      if (length > expectedBytes) options.onBytes(length);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ECONNRESET") {
      throw new ServingError("CANCELLED", "the client left before its body was complete", { cause: error });
    }
    throw error;
  }
  return body.subarray(0, length);
}

/** Doubles the room, so that a body in many small chunks is copied at most twice. */
function grow(body: Buffer<ArrayBuffer>, length: number, neededBytes: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow(Math.max(neededBytes, body.length * 2));
  body.copy(larger, 0, 0, length);
  return larger;
}

function tooLarge(maxBytes: number): ServingError {
  return new ServingError("BODY_TOO_LARGE", `the body is larger than MAX_BODY_BYTES (${maxBytes})`);
}
