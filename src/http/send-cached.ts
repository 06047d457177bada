import { createHash } from "node:crypto";
import type { Context } from "koa";
import { compressAnswer } from "./compress-answer.ts";
import type { HttpApi } from "./http-api.ts";
import { sendBytes } from "./send-json.ts";

/** Pages and their files are asked for seldom, and by people far away: they are compressed from here on. */
const COMPRESSED_BYTES = 1024;

/** What changes seldom. */
export interface CachedBody {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/**
 * Answers with what a client may keep, as long as it asks whether that is still so: 304 where it has these bytes.
 *
 * @throws {ServingError} QUEUE_FULL when too many answers wait for their clients.
 */
export async function sendCached(
  ctx: Context,
  { settings, unsentAnswers }: HttpApi,
  { contentType, bytes }: CachedBody,
): Promise<void> {
  ctx.status = 200;
  ctx.set("Cache-Control", "no-cache");
  // Weak, as the bytes may go out compressed.
  ctx.set("ETag", `W/"${createHash("sha256").update(bytes).digest("base64url")}"`);
  if (ctx.fresh) {
    ctx.status = 304;
    return;
  }
  unsentAnswers.hold(ctx.res, bytes.length);
  const { compressMinBytes } = settings;
  const isLong = compressMinBytes > 0 && bytes.length >= Math.min(compressMinBytes, COMPRESSED_BYTES);
  const whole = { chunks: [bytes], byteLength: bytes.length };
  const sent = isLong ? await compressAnswer(ctx, whole) : whole;
  unsentAnswers.shrink(ctx.res, sent.byteLength);
  sendBytes(ctx, sent);
  ctx.set("Content-Type", contentType);
}
