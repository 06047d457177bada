import type { Context } from "koa";
import { ServingError } from "../errors.ts";
import { identifyImage } from "../image/identify.ts";
import { readMultipartFile } from "./multipart.ts";

/** A body, told apart by its first bytes. */
export type IdentifiedBody =
  | { readonly kind: "json" }
  | { readonly kind: "image"; readonly bytes: Uint8Array<ArrayBuffer> };

/** What the JSON parser gets, to say where the text goes wrong. */
const TEXTS: ReadonlySet<string> = new Set(["empty", "white space", "JSON text", "text"]);

/**
 * Tells whether a body is to be read as JSON, or returns the encoded image that it is. Content-Type only says where a
 * multipart body's parts end. An image owns its whole ArrayBuffer, which may be the body's own.
 *
 * @throws {ServingError} UNSUPPORTED_FORMAT when it is an image of a kind that is not served; INVALID_ARGUMENT,
 * saying what it looks like, when it is something else.
 */
export async function identifyBody(ctx: Context, body: Buffer<ArrayBuffer>): Promise<IdentifiedBody> {
  if (ctx.request.is("multipart/form-data") && body.subarray(0, 2).toString("latin1") === "--") {
    const file = await readMultipartFile(ctx.req.headers, body);
    return { kind: "image", bytes: new Uint8Array(file) };
  }
  const found = identifyImage(body);
  if (found.kind === "image") return { kind: "image", bytes: inOwnMemory(body) };
  if (TEXTS.has(found.looksLike)) return { kind: "json" };
  throw new ServingError(
    found.isImage ? "UNSUPPORTED_FORMAT" : "INVALID_ARGUMENT",
    `the body looks like ${found.looksLike}; expected JSON, an image or multipart/form-data with one file`,
  );
}

function inOwnMemory(body: Buffer<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return body.length === body.buffer.byteLength ? new Uint8Array(body.buffer) : new Uint8Array(body);
}
