import type { Context } from "koa";
import { writeJson } from "../protocol/write-json.ts";
import { sendJson } from "./send-json.ts";
import type { ServingApi } from "./serving-api.ts";

/** Answers 200 when predictions are answered, else 503 with the state. Touches neither model nor workers. */
export async function readiness({ lifecycle }: ServingApi, ctx: Context): Promise<void> {
  const { state, error } = lifecycle;
  ctx.status = state === "READY" ? 200 : 503;
  const status = state === "READY" ? "OK" : state;
  sendJson(ctx, await writeJson(error === undefined ? { status } : { status, error }));
}

/** Answers 200 unless the process should be replaced. */
export async function liveness({ lifecycle }: ServingApi, ctx: Context): Promise<void> {
  ctx.status = lifecycle.state === "FAILED" ? 503 : 200;
  sendJson(ctx, await writeJson({ status: lifecycle.state === "FAILED" ? "FAILED" : "OK" }));
}

/** Answers with the metrics page. */
export async function metricsPage({ metrics }: ServingApi, ctx: Context): Promise<void> {
  const { text, contentType } = await metrics.page();
  ctx.status = 200;
  ctx.body = text;
  ctx.set("Content-Type", contentType);
}
