import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { Context } from "koa";
import { excerpt, ServingError } from "../errors.ts";
import { writeJson } from "../protocol/write-json.ts";
import type { ServingApi } from "../serving/serving-api.ts";
import { consoleFiles } from "./console-files.ts";
import type { HttpApi } from "./http-api.ts";
import { askedModel, MODEL } from "./model-routes.ts";
import { type PageNeeds, setPageSecurity } from "./page-security.ts";
import type { Route } from "./route.ts";
import { sendCached } from "./send-cached.ts";
import { sendJson } from "./send-json.ts";

/** It shows files of the reader's own. */
const NEEDS: PageNeeds = { images: "blob:", hasMarkup: false };

const SAMPLE = new RegExp(`^/console/samples/${MODEL}/([^/]+)$`);

/** Returns the routes of the page for people, at `/`; none where CONSOLE is off. */
export function consoleRoutes(api: HttpApi): readonly Route[] {
  if (api.settings.console === "off") return [];
  return [
    {
      method: "get",
      path: "/",
      name: "/",
      api: {
        tag: "Console",
        summary: "The console; for who asks for no page before JSON, KServe V1's liveness",
        operations: { console: "/" },
        needs: "nothing",
        gives: ["page", "alive"],
        parameters: ["If-None-Match"],
        faults: ["QUEUE_FULL"],
      },
      isQuiet: true,
      handle: (ctx, next) => {
        ctx.vary("Accept");
        // Who does not ask for a page before JSON is a client of KServe's, whose route this is as well.
        return ctx.accepts("json", "html") === "html" ? sendFile(api, ctx, "index.html") : next();
      },
    },
    {
      method: "get",
      path: "/console/state",
      name: "/console/state",
      api: "internal",
      isQuiet: true,
      handle: (ctx) => sendState(api, ctx),
    },
    {
      method: "get",
      path: /^\/console\/([\w.-]+)$/,
      name: "/console/<file>",
      api: "internal",
      isQuiet: true,
      handle: (ctx) => sendFile(api, ctx, ctx.captures[0] ?? ""),
    },
    {
      method: "get",
      path: SAMPLE,
      name: "/console/samples/<name>/<file>",
      api: "internal",
      isQuiet: true,
      handle: (ctx) => sendSample(api, ctx),
    },
  ];
}

async function sendFile(api: HttpApi, ctx: Context, name: string): Promise<void> {
  const file = (await consoleFiles()).get(name);
  if (file === undefined) throw nothingAt(ctx);
  setPageSecurity(ctx, NEEDS);
  await sendCached(ctx, api, file);
}

/** 200 also while it is not ready: browsers report a 503 as a fault of the page. */
async function sendState({ lifecycle: { state, error } }: ServingApi, ctx: Context): Promise<void> {
  ctx.status = 200;
  ctx.set("Cache-Control", "no-store");
  sendJson(ctx, await writeJson(error === undefined ? { state } : { state, error }));
}

/** The name is compared with those that were found at the load, never joined to a path. */
async function sendSample({ models }: ServingApi, ctx: Context): Promise<void> {
  const name = decodeName(ctx);
  const sample = models.find(askedModel(ctx)).servable.samples.find((one) => one.name === name);
  const bytes = sample === undefined ? undefined : await readFile(sample.path).catch(() => undefined);
  if (bytes === undefined) throw nothingAt(ctx);
  setPageSecurity(ctx, NEEDS);
  ctx.set("Cache-Control", "no-cache");
  ctx.status = 200;
  ctx.body = bytes;
  ctx.type = extname(name);
}

function decodeName(ctx: Context): string {
  try {
    return decodeURIComponent(ctx.captures[3] ?? "");
  } catch {
    throw nothingAt(ctx);
  }
}

function nothingAt(ctx: Context): ServingError {
  return new ServingError("NOT_FOUND", `there is nothing at ${excerpt(ctx.path)}`);
}
