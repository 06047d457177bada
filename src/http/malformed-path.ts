import type { Context } from "koa";
import { excerpt, ServingError } from "../errors.ts";

/** Returns what TensorFlow Serving says of a path under `/v1/` that it does not know. */
export function malformedPath(ctx: Context): ServingError {
  return new ServingError("INVALID_ARGUMENT", `Malformed request: ${ctx.method} ${excerpt(ctx.url)}`);
}
