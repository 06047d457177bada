import type { Context } from "koa";
import { excerpt, ServingError } from "../../errors.ts";
import { writeJson } from "../../protocol/write-json.ts";
import type { LoadedModel } from "../../serving/model-directory.ts";
import type { ServingApi } from "../../serving/serving-api.ts";
import type { Value } from "../../tensor/value.ts";
import type { ErrorStyle } from "../dialect.ts";
import type { HttpApi } from "../http-api.ts";
import type { Route } from "../route.ts";
import { sendJson } from "../send-json.ts";

/** `<name>`, `<name>/<version>` or `<name>/all`, still percent-encoded. */
const MODEL = /^\/models\/([^/]+)(?:\/([^/]+))?\/?$/;

const SET_DEFAULT = /^\/models\/[^/]+\/[^/]+\/set-default\/?$/;

/** Models in one answer, where the caller does not say. */
const PAGE_LIMIT = 100;

/** Returns the routes of TorchServe's management API: the models can be read, and nothing can be changed. */
export function torchserveModelRoutes(api: HttpApi, errors: ErrorStyle): readonly Route[] {
  const one = { path: MODEL, name: "/models/<name>", errors } as const;
  const all = { path: "/models", name: "/models", errors } as const;
  return [
    {
      ...all,
      method: "get",
      api: {
        tag: "TorchServe",
        summary: "The models, page by page",
        operations: { torchserveModels: "/models" },
        needs: "nothing",
        gives: ["torchserve-models"],
        parameters: ["limit", "next_page_token"],
      },
      handle: (ctx) => listModels(api, ctx),
    },
    {
      ...one,
      method: "get",
      api: {
        tag: "TorchServe",
        summary: "A model's versions and their workers",
        operations: {
          torchserveModel: "/models/{name}",
          torchserveModelVersion: "/models/{name}/{model_version}",
        },
        needs: "nothing",
        gives: ["torchserve-model"],
      },
      handle: (ctx) => describeModel(api, ctx),
    },
    { ...all, method: "post", api: "refused", handle: refuse("GET, HEAD") },
    { ...one, method: "post", api: "refused", handle: refuse("GET, HEAD") },
    { ...one, method: "put", api: "refused", handle: refuse("GET, HEAD") },
    { ...one, method: "delete", api: "refused", handle: refuse("GET, HEAD") },
    { ...one, path: SET_DEFAULT, method: "put", api: "refused", handle: refuse("") },
  ];
}

function refuse(allow: string) {
  return (ctx: Context): never => {
    ctx.set("Allow", allow);
    throw new ServingError(
      "METHOD_NOT_ALLOWED",
      "there is no management API: models are served and scaled as the server's settings say",
    );
  };
}

/** Both TorchServe's list and that of SageMaker's endpoints of several models, which have the same keys. */
async function listModels({ models }: ServingApi, ctx: Context): Promise<void> {
  const first = readCount(ctx, "next_page_token", 0);
  const limit = readCount(ctx, "limit", PAGE_LIMIT);
  const end = first + Math.max(1, limit);
  const page = models.names
    .slice(first, end)
    .map((name) => ({ modelName: name, modelUrl: fileOf(models, name) }));
  ctx.status = 200;
  const next = end < models.names.length ? { nextPageToken: String(end) } : {};
  sendJson(ctx, await writeJson({ ...next, models: page }));
}

function readCount(ctx: Context, name: string, fallback: number): number {
  const text = ctx.query[name];
  if (text === undefined) return fallback;
  if (typeof text === "string" && /^\d{1,9}$/.test(text)) return Number(text);
  throw new ServingError(
    "INVALID_ARGUMENT",
    `${name}: expected a whole number, got ${excerpt(String(text))}`,
  );
}

/** Says of each version what TorchServe's clients wait for: `workers[].status`. */
async function describeModel({ models }: ServingApi, ctx: Context): Promise<void> {
  const [encoded = "", asked = "all"] = ctx.captures as (string | undefined)[];
  const name = decode(encoded);
  const versions = models.versions(name);
  if (versions === undefined) throw new ServingError("NOT_FOUND", `Model not found: ${excerpt(name)}`);
  const wanted = asked.replace(/(?:\.0+)+$/, "");
  const found = versions.filter(({ version }) => asked === "all" || String(version) === wanted);
  if (found.length === 0) {
    const text = `Model version: ${excerpt(asked)} does not exist for model: ${excerpt(name)}`;
    throw new ServingError("NOT_FOUND", text);
  }
  ctx.status = 200;
  const described = found.map(({ version, state }): Value => {
    const model = state === "AVAILABLE" ? models.find({ name, version: BigInt(version) }) : undefined;
    return {
      modelName: name,
      modelVersion: String(version),
      ...(model === undefined ? { workers: [] } : inWork(model)),
    };
  });
  sendJson(ctx, await writeJson(described));
}

/** A lane is what TorchServe calls a worker. */
function inWork({ servable, tuning }: LoadedModel): { readonly [key: string]: Value } {
  const { count } = servable.lanes;
  const isGpu = servable.info.provider === "cuda";
  return {
    modelUrl: servable.file,
    minWorkers: count,
    maxWorkers: count,
    batchSize: tuning().maxBatchSize,
    loadedAtStartup: true,
    workers: Array.from({ length: count }, (_, id) => ({ id: String(id), status: "READY", gpu: isGpu })),
  };
}

function fileOf(models: ServingApi["models"], name: string): string {
  try {
    return models.find({ name }).servable.file;
  } catch {
    return "";
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
