import type { Context } from "koa";
import { writeJson } from "../protocol/write-json.ts";
import type { ServingApi } from "../serving/serving-api.ts";
import type { HttpApi } from "./http-api.ts";
import type { Route } from "./route.ts";
import { sendJson } from "./send-json.ts";

/** Answers 200 when predictions are answered, else 503 with the state. Touches neither model nor workers. */
export async function readiness({ lifecycle }: ServingApi, ctx: Context): Promise<void> {
  const { state, error } = lifecycle;
  ctx.status = state === "READY" ? 200 : 503;
  const status = state === "READY" ? "OK" : state;
  sendJson(ctx, await writeJson(error === undefined ? { status } : { status, error }));
}

/** Returns the routes of probes and of the metrics, which no client of a model asks. */
export function healthRoutes(api: HttpApi): readonly Route[] {
  const metrics = { method: "get", name: "/metrics", isQuiet: true } as const;
  const probe = (path: string, handle: (ctx: Context) => Promise<void>): Route => ({
    method: "get",
    path,
    name: path,
    isQuiet: true,
    handle,
  });
  return [
    probe("/livez", (ctx) => liveness(api, ctx)),
    probe("/readyz", (ctx) => readiness(api, ctx)),
    probe("/ping", (ctx) => ping(api, ctx)),
    { ...metrics, path: "/metrics", handle: (ctx) => metricsPage(api, ctx) },
    { ...metrics, path: "/monitoring/prometheus/metrics", handle: (ctx) => metricsPage(api, ctx) },
  ];
}

/** What TorchServe's clients look for in the body; SageMaker reads the status alone. */
async function ping({ lifecycle }: ServingApi, ctx: Context): Promise<void> {
  const { state, error } = lifecycle;
  const isReady = state === "READY";
  ctx.status = isReady ? 200 : 503;
  const reason = error === undefined ? { state } : { state, error };
  sendJson(ctx, await writeJson(isReady ? { status: "Healthy" } : { status: "Unhealthy", ...reason }));
}

/** Answers 200 unless the process should be replaced. */
async function liveness({ lifecycle }: ServingApi, ctx: Context): Promise<void> {
  ctx.status = lifecycle.state === "FAILED" ? 503 : 200;
  sendJson(ctx, await writeJson({ status: lifecycle.state === "FAILED" ? "FAILED" : "OK" }));
}

/** Answers with the metrics page. */
async function metricsPage({ metrics }: ServingApi, ctx: Context): Promise<void> {
  const { text, contentType } = await metrics.page();
  ctx.status = 200;
  ctx.body = text;
  ctx.set("Content-Type", contentType);
}
