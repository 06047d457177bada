import type { Context } from "koa";
import { excerpt, ServingError } from "../errors.ts";
import { ApiDocument } from "./api-document.ts";
import type { HttpApi } from "./http-api.ts";
import { setPageSecurity } from "./page-security.ts";
import type { Route } from "./route.ts";
import { sendCached } from "./send-cached.ts";
import { type PageFile, SWAGGER_UI_FILES, SWAGGER_UI_PAGE } from "./swagger-ui-files.ts";

/**
 * Returns the routes that describe all others, unless DOCS is off: the OpenAPI document, the page that shows it, and
 * TorchServe's own description of its API.
 *
 * @param others known when the first of them is asked
 */
export function descriptionRoutes(api: HttpApi, others: () => readonly Route[]): readonly Route[] {
  if (api.settings.docs === "off") return [];
  const document = new ApiDocument(api, others);
  return [
    torchserveRoute(api, others),
    {
      method: "get",
      path: "/openapi.json",
      name: "/openapi.json",
      api: {
        tag: "Description",
        summary: "This document",
        operations: { openapi: "/openapi.json" },
        needs: "nothing",
        gives: ["openapi"],
        parameters: ["If-None-Match"],
        faults: ["QUEUE_FULL"],
      },
      handle: (ctx) => sendDocument(ctx, api, document),
    },
    {
      method: "get",
      path: "/docs",
      name: "/docs",
      api: {
        tag: "Description",
        summary: "Swagger UI, which shows this document",
        operations: { docs: "/docs" },
        needs: "nothing",
        gives: ["page"],
        parameters: ["If-None-Match"],
        faults: ["QUEUE_FULL"],
      },
      handle: (ctx) => sendFile(ctx, api, SWAGGER_UI_PAGE),
    },
    {
      method: "get",
      path: /^\/docs\/([^/]+)$/,
      name: "/docs/<file>",
      api: {
        tag: "Description",
        summary: "What that page loads",
        operations: { docsFile: "/docs/{file}" },
        needs: "nothing",
        gives: ["script", "style", "icon"],
        parameters: ["If-None-Match"],
        faults: ["QUEUE_FULL"],
      },
      handle: (ctx) => sendFile(ctx, api, askedFile(ctx)),
    },
  ];
}

/** TorchServe's `OPTIONS /`: the part of the document that its clients know. */
function torchserveRoute(api: HttpApi, others: () => readonly Route[]): Route {
  const isTorchServes = (route: Route) =>
    route.path === "/ping" || (typeof route.api !== "string" && route.api.tag === "TorchServe");
  const document = new ApiDocument(api, () => others().filter(isTorchServes));
  return {
    method: "options",
    path: "/",
    name: "/",
    api: {
      tag: "TorchServe",
      summary: "The part of this document that is TorchServe's",
      operations: { apiDescription: "/" },
      needs: "nothing",
      gives: ["openapi"],
      parameters: ["If-None-Match"],
      faults: ["QUEUE_FULL"],
    },
    handle: (ctx) => sendDocument(ctx, api, document),
  };
}

async function sendDocument(ctx: Context, api: HttpApi, document: ApiDocument): Promise<void> {
  await sendCached(ctx, api, { contentType: "application/json", bytes: await document.bytes() });
}

async function sendFile(ctx: Context, api: HttpApi, { contentType, read }: PageFile): Promise<void> {
  setPageSecurity(ctx, { images: "data:", hasMarkup: true });
  await sendCached(ctx, api, { contentType, bytes: await read() });
}

/** @throws {ServingError} NOT_FOUND when the page needs no such file. */
function askedFile(ctx: Context): PageFile {
  const [name = ""] = ctx.captures as string[];
  const file = Object.hasOwn(SWAGGER_UI_FILES, name) ? SWAGGER_UI_FILES[name] : undefined;
  if (file !== undefined) return file;
  throw new ServingError("NOT_FOUND", `there is no file ${excerpt(name)}`);
}
