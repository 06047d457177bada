import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import busboy from "busboy";
import { ServingError } from "../errors.ts";

/** More parts, or longer part headers, than any form with one file has. */
const MAX_FIELDS = 16;

/**
 * Returns the content of the only file part of a `multipart/form-data` body.
 *
 * @throws {ServingError} INVALID_ARGUMENT when the body is malformed or holds no file or several.
 */
export async function readMultipartFile(headers: IncomingHttpHeaders, body: Buffer): Promise<Buffer> {
  const files: Promise<Buffer>[] = [];
  try {
    const parser = busboy({ headers, limits: { files: 2, fields: MAX_FIELDS, parts: MAX_FIELDS } });
    parser.on("file", (_name, stream) => files.push(collect(stream)));
    await pipeline(Readable.from([body], { objectMode: false }), parser);
  } catch (error) {
    throw new ServingError("INVALID_ARGUMENT", "the body is not valid multipart/form-data", { cause: error });
  }
  const [file, ...more] = await Promise.all(files);
  if (file !== undefined && more.length === 0) return file;
  throw new ServingError(
    "INVALID_ARGUMENT",
    `expected multipart/form-data with one file part, got ${file === undefined ? "none" : "several"}`,
  );
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
