import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import busboy from "busboy";
import { ServingError } from "../errors.ts";

/** More than any form with one file has. */
const MAX_PARTS = 16;

/**
 * Returns the content of the only file part of a `multipart/form-data` body.
 *
 * @throws {ServingError} INVALID_ARGUMENT when the body is malformed, has too many parts, or holds no file or several.
 */
export async function readMultipartFile(headers: IncomingHttpHeaders, body: Buffer): Promise<Buffer> {
  const files: Buffer[] = [];
  let hasTooManyParts = false;
  try {
    const parser = busboy({ headers, limits: { files: 2, parts: MAX_PARTS + 1 } });
    parser.once("partsLimit", () => {
      hasTooManyParts = true;
    });
    const reads: Promise<void>[] = [];
    parser.on("file", (_name, stream) => {
      const read = collect(stream).then((file) => void files.push(file));
      // A form that is cut off fails its file before the parser, when nobody waits for the file yet.
      read.catch(() => {});
      reads.push(read);
    });
    await pipeline(Readable.from([body], { objectMode: false }), parser);
    await Promise.all(reads);
  } catch (error) {
    throw new ServingError("INVALID_ARGUMENT", "the body is not valid multipart/form-data", { cause: error });
  }
  if (hasTooManyParts) {
    throw new ServingError("INVALID_ARGUMENT", `expected multipart/form-data of at most ${MAX_PARTS} parts`);
  }
  const [file, ...more] = files;
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
