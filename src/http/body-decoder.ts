import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { excerpt, ServingError } from "../errors.ts";

type Decoder = NodeJS.ReadWriteStream & Readable;

/** What to read a compressed body through. */
const DECODERS: Readonly<Record<string, () => Decoder>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Returns a body's Content-Encoding, `identity` where there is none. */
export function bodyEncoding({ headers }: IncomingMessage): string {
  return (headers["content-encoding"] ?? "").trim().toLowerCase() || "identity";
}

/**
 * Returns what the request's body is to be read from, decompressed; undefined where it is read as it comes. Whoever reads
 * it unpipes and destroys it.
 *
 * @throws {ServingError} UNSUPPORTED_ENCODING for an unknown or stacked Content-Encoding.
 */
export function createBodyDecoder(request: IncomingMessage): Decoder | undefined {
  const encoding = bodyEncoding(request);
  if (encoding === "identity") return undefined;
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
  return decoder;
}
