import type { Context } from "koa";
import { writeJson } from "../protocol/write-json.ts";
import type { ServingApi } from "../serving/serving-api.ts";
import type { HttpApi } from "./http-api.ts";
import type { Route } from "./route.ts";
import type { ReplyForm, RouteApi } from "./route-api.ts";
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
  const probe = (path: string, { id, ...probe }: Probe): Route => ({
    method: "get",
    path,
    name: path,
    api: {
      tag: "Health",
      summary: probe.summary,
      operations: { [id]: path },
      needs: "nothing",
      gives: [probe.gives],
      unready: probe.gives,
    },
    isQuiet: true,
    handle: (ctx) => probe.answer(api, ctx),
  });
  const metrics = (path: string, id: string): Route => ({
    method: "get",
    path,
    name: "/metrics",
    api: {
      tag: "Health",
      summary: "Metrics, in Prometheus' text format",
      operations: { [id]: path },
      needs: "nothing",
      gives: ["metrics"],
    },
    isQuiet: true,
    handle: (ctx) => metricsPage(api, ctx),
  });
  const answered = "Whether predictions are answered";
  return [
    probe("/livez", {
      id: "livez",
      summary: "Whether the process should live on",
      gives: "liveness",
      answer: liveness,
    }),
    probe("/readyz", { id: "readyz", summary: answered, gives: "readiness", answer: readiness }),
    probe("/ping", {
      id: "ping",
      summary: `${answered}, as TorchServe and SageMaker ask`,
      gives: "ping",
      answer: ping,
    }),
    metrics("/metrics", "metrics"),
    metrics("/monitoring/prometheus/metrics", "tensorflowServingMetrics"),
  ];
}

interface Probe extends Pick<RouteApi, "summary"> {
  /** The operationId. */
  readonly id: string;
  readonly gives: ReplyForm;
  readonly answer: (api: ServingApi, ctx: Context) => Promise<void>;
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
