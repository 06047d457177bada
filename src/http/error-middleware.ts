import type { Context, Middleware, Next } from "koa";
import { toServingError } from "../errors.ts";
import { writeJson } from "../protocol/write-json.ts";
import { writeError } from "../protocol/write-predictions.ts";
import { lingerAfterAnswer } from "./linger.ts";
import { sendJson } from "./send-json.ts";
import { STATUS_OF_CODE } from "./status.ts";

/** Answers every error as `{"error", "code", "instance"?}`; nothing else of it leaves the server. */
export function errorMiddleware(onError: (code: string) => void): Middleware {
  return async (ctx: Context, next: Next) => {
    try {
      await next();
    } catch (thrown) {
      const error = toServingError(thrown);
      ctx.state.error = error;
      onError(error.code);
      ctx.status = STATUS_OF_CODE[error.code];
      if (error.retryAfterSeconds !== undefined) ctx.set("Retry-After", String(error.retryAfterSeconds));
      if (!ctx.req.complete) {
        ctx.set("Connection", "close");
        lingerAfterAnswer(ctx.req);
      }
      sendJson(ctx, await writeJson(writeError(error)));
    }
  };
}
