import type { Context } from "koa";
import { ServingError } from "../errors.ts";
import { identifyImage } from "../image/identify.ts";
import { readMultipartFile } from "./multipart.ts";
import { parseJsonText } from "./parse-json-text.ts";

/** A body, told apart by its first bytes. */
export type ParsedBody =
  | { readonly kind: "json"; readonly value: unknown; readonly text: string }
  | { readonly kind: "image"; readonly bytes: Uint8Array<ArrayBuffer> };

/** What the JSON parser gets, to say where the text goes wrong. */
const TEXTS: ReadonlySet<string> = new Set(["empty", "white space", "JSON text", "text"]);

/**
 * Returns a body as JSON or as one encoded image. Content-Type only says where a multipart body's parts end.
 *
 * @throws {ServingError} INVALID_JSON when it is text but no JSON; UNSUPPORTED_FORMAT when it is an image of a
 * kind that is not served; INVALID_ARGUMENT, saying what it looks like, when it is something else.
 */
export async function parseBody(ctx: Context, body: Buffer): Promise<ParsedBody> {
  if (ctx.request.is("multipart/form-data") && body.subarray(0, 2).toString("latin1") === "--") {
    const file = await readMultipartFile(ctx.req.headers, body);
    return { kind: "image", bytes: new Uint8Array(file) };
  }
  const found = identifyImage(body);
  if (found.kind === "image") return { kind: "image", bytes: new Uint8Array(body) };
  if (TEXTS.has(found.looksLike)) return { kind: "json", ...(await parseJsonText(ctx, body)) };
  throw new ServingError(
    found.isImage ? "UNSUPPORTED_FORMAT" : "INVALID_ARGUMENT",
    `the body looks like ${found.looksLike}; expected JSON, an image or multipart/form-data with one file`,
  );
}
