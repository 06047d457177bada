import { Readable } from "node:stream";
import type { Context } from "koa";
import type { WrittenJson } from "../protocol/json-sink.ts";

/** Sets the answer's body; the status is the caller's. */
export function sendJson(ctx: Context, written: WrittenJson): void {
  sendBytes(ctx, written);
  ctx.type = "application/json";
}

/** Sets the answer's body; the status and the type are the caller's. */
export function sendBytes(
  ctx: Context,
  { chunks, byteLength }: Pick<WrittenJson, "chunks" | "byteLength">,
): void {
  const [only, ...more] = chunks;
  // Koa sets a length for a buffer, but not for a stream.
  if (only !== undefined && more.length === 0)
    ctx.body = Buffer.from(only.buffer, only.byteOffset, only.length);
  else ctx.body = Readable.from(chunks, { objectMode: false });
  ctx.length = byteLength;
}
