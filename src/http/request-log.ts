import { randomUUID } from "node:crypto";
import type { Context, Middleware, Next } from "koa";
import { ServingError } from "../errors.ts";
import type { HttpApi } from "./http-api.ts";
import { UNKNOWN_ROUTE } from "./routes.ts";
import { STATUS_OF_CODE } from "./status.ts";

/** What may come in as a request id: no white space, nothing that could break a log line. */
const REQUEST_ID = /^[\w.:=;-]{1,128}$/;

const CLIENT_GONE = STATUS_OF_CODE.CANCELLED;

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * Gives each request an id (the caller's X-Request-Id, if it is a plain one), and when its answer is out, or
 * its client gone, one log line, one observation, and a span where it is traced. Bodies and paths as typed never get into
 * any of them.
 */
export function requestLog({ logger, metrics, openTrace }: HttpApi): Middleware {
  return async (ctx: Context, next: Next) => {
    const startMs = performance.now();
    const requestId = plainHeader(ctx, "x-request-id") ?? randomUUID();
    ctx.set("X-Request-Id", requestId);
    const trace = openTrace((name) => ctx.get(name));
    ctx.state.trace = trace;
    ctx.res.once("close", () => {
      const seconds = (performance.now() - startMs) / 1000;
      const route: string = ctx.state.route ?? UNKNOWN_ROUTE;
      const method = METHODS.has(ctx.method) ? ctx.method : "other";
      const status = ctx.res.writableFinished ? ctx.res.statusCode : CLIENT_GONE;
      metrics.requestEnded({ method, route, status, seconds });
      const error: unknown = ctx.state.error;
      // The connection closes before the handler learns of it.
      const gone = status === CLIENT_GONE ? { code: "CANCELLED" } : {};
      const failed = error instanceof ServingError ? { code: error.code, message: error.message } : {};
      const line = {
        requestId,
        traceId: plainHeader(ctx, "x-amzn-trace-id"),
        ...trace?.ids,
        method,
        route,
        status,
        ms: Math.round(seconds * 1e6) / 1000,
        ...ctx.state.fields,
        ...failed,
        ...gone,
      };
      trace?.end({
        protocol: "http",
        method,
        route: ctx.state.route,
        status,
        errorCode: { ...failed, ...gone }.code,
        fields: ctx.state.fields ?? {},
        isProbe: ctx.state.isQuiet ?? false,
      });
      if (error instanceof ServingError && status === 500)
        logger.error({ ...line, cause: error.cause }, "request");
      else logger[ctx.state.isQuiet ? "debug" : "info"](line, "request");
    });
    await next();
  };
}

function plainHeader(ctx: Context, name: string): string | undefined {
  const value = ctx.get(name);
  return REQUEST_ID.test(value) ? value : undefined;
}
