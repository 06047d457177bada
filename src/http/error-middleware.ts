import type { Context, Middleware, Next } from "koa";
import { BatchFailedError, toServingError } from "../errors.ts";
import { writeJson } from "../protocol/write-json.ts";
import { writeError } from "../protocol/write-predictions.ts";
import type { ErrorStyle } from "./dialect.ts";
import { lingerAfterAnswer } from "./linger.ts";
import { sendJson } from "./send-json.ts";
import { STATUS_OF_CODE } from "./status.ts";

/** That of every route that has no other. */
export const OWN_ERRORS: ErrorStyle = { body: writeError, schemaOf: () => "Error" };

/** Answers every error in its dialect's form, else as `{"error", "code", "instance"?}`; nothing else of it leaves the server. */
export function errorMiddleware(onError: (code: string) => void): Middleware {
  return async (ctx: Context, next: Next) => {
    try {
      await next();
    } catch (thrown) {
      const error = toServingError(thrown);
      ctx.state.error = error;
      onError(error.code);
      const style: ErrorStyle = ctx.state.errors ?? OWN_ERRORS;
      // Whatever the code of the first: the list as a whole was wrong.
      const code = error instanceof BatchFailedError ? "INVALID_ARGUMENT" : error.code;
      const status = style.status?.[code] ?? STATUS_OF_CODE[code];
      ctx.status = status;
      if (error.retryAfterSeconds !== undefined) ctx.set("Retry-After", String(error.retryAfterSeconds));
      if (!ctx.req.complete) {
        ctx.set("Connection", "close");
        lingerAfterAnswer(ctx.req);
      }
      sendJson(ctx, await writeJson(style.body(error, status)));
    }
  };
}
