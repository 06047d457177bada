import { randomUUID } from "node:crypto";
import type { Context } from "koa";
import type { Settings } from "../../config/settings.ts";
import { ServingError, StartupError } from "../../errors.ts";
import { flashComponents, flashRouteDag } from "../../protocol/flash-dag.ts";
import { writeFlashError } from "../../protocol/flash-error.ts";
import type { FlashRequest } from "../../protocol/flash-request.ts";
import { flashSchema } from "../../protocol/flash-schema.ts";
import { type LiftedBody, liftPayloads } from "../../protocol/lift-payloads.ts";
import { parseFlash } from "../../protocol/parse-flash.ts";
import { type FlashForm, writeFlash } from "../../protocol/write-flash.ts";
import { writeJson } from "../../protocol/write-json.ts";
import type { Servable } from "../../servable.ts";
import { chooseSignature } from "../../signature/choose-signature.ts";
import { offeredSignatures, type SignatureName } from "../../signature/head.ts";
import type { Value } from "../../tensor/value.ts";
import type { Dialect, ErrorStyle, RequestPlace } from "../dialect.ts";
import { describeDag } from "../flash-dag-of.ts";
import type { HttpApi } from "../http-api.ts";
import { parseJsonText } from "../parse-json-text.ts";
import { predictHandler } from "../predict-handler.ts";
import type { Route } from "../route.ts";
import { sendJson } from "../send-json.ts";

const TAG = "Flash Serve";

/** Its validator answers 422 for whatever the caller did. */
const FLASH_ERRORS: ErrorStyle = {
  body: writeFlashError,
  schemaOf: (status) => (status === 422 ? "FlashValidationError" : "FlashError"),
  status: {
    INVALID_JSON: 422,
    INVALID_ARGUMENT: 422,
    INVALID_BASE64: 422,
    INVALID_IMAGE: 422,
    UNSUPPORTED_FORMAT: 422,
  },
};

/** Flash Serve: one payload of named inputs, one result of named outputs. */
const FLASH_SERVE: Dialect = {
  onBadInstance: "fail",
  errors: FLASH_ERRORS,
  read: async (place, body) => {
    const flash = await readFlash(place, body);
    const { servable } = place.model();
    const signature = choose(place, servable, flash);
    const session = flash.session ?? randomUUID();
    return {
      request: {
        format: "row",
        parameters: {},
        inputs: { kind: "instances", instances: flash.instances },
      },
      signature,
      write: (predicted) => {
        if (predicted.kind === "outputs") {
          throw new ServingError("INTERNAL", "Flash Serve got tensors for instances; this is a bug");
        }
        const form = formOf(servable, signature);
        return { json: writeFlash(predicted.predictions, { ...flash, session, form }) };
      },
    };
  },
};

/**
 * Returns the routes of Flash Serve.
 *
 * @throws {StartupError} when FLASH_ROUTES names what is no path.
 */
export function flashServeRoutes(api: HttpApi): readonly Route[] {
  const errors = FLASH_ERRORS;
  const served = () => api.models.find().servable;
  const shown = (show: () => Value): Route["handle"] => {
    return async (ctx) => send(ctx, show());
  };
  const routes = flashRoutesOf(api.settings).flatMap((route): Route[] => {
    const path = `/${route}`;
    const id = `flash_${route.replaceAll("/", "_")}`;
    return [
      {
        method: "post",
        path,
        name: path,
        api: {
          tag: TAG,
          summary: "The result of one payload",
          operations: { [id]: path },
          needs: "prediction",
          takes: ["flash"],
          gives: ["flash"],
        },
        errors,
        handle: predictHandler(api, FLASH_SERVE),
      },
      {
        method: "get",
        path: `${path}/meta`,
        name: `${path}/meta`,
        api: {
          tag: TAG,
          summary: "The JSON schema of a payload",
          operations: { [`${id}_meta`]: `${path}/meta` },
          needs: "model",
          gives: ["flash-meta"],
        },
        errors,
        handle: shown(() => flashSchema(route, served().modelInputs)),
      },
      {
        method: "get",
        path: `${path}/dag_json`,
        name: `${path}/dag_json`,
        api: {
          tag: TAG,
          summary: "What is computed from what, for one payload",
          operations: { [`${id}_dag`]: `${path}/dag_json` },
          needs: "model",
          gives: ["flash-dag"],
        },
        errors,
        handle: shown(() => flashRouteDag(route, describeDag(served()))),
      },
    ];
  });
  return [
    ...routes,
    {
      method: "get",
      path: "/flashserve/alive",
      name: "/flashserve/alive",
      api: {
        tag: TAG,
        summary: "That the process answers",
        operations: { flashAlive: "/flashserve/alive" },
        needs: "nothing",
        gives: ["flash-alive"],
      },
      isQuiet: true,
      handle: shown(() => ({ alive: true })),
    },
    {
      method: "get",
      path: "/flashserve/dag_json",
      name: "/flashserve/dag_json",
      api: {
        tag: TAG,
        summary: "What is computed from what, in each component",
        operations: { flashComponents: "/flashserve/dag_json" },
        needs: "model",
        gives: ["flash-components"],
      },
      errors,
      handle: shown(() => flashComponents(describeDag(served()))),
    },
  ];
}

/** Other dialects' routes begin with these. */
const TAKEN = [
  "v1",
  "v2",
  "analyze",
  "analyze:predict",
  "ping",
  "metrics",
  "invocations",
  "predictions",
  "flashserve",
  "docs",
];

/** Returns the routes, without their slashes. */
function flashRoutesOf({ flashRoutes }: Settings): readonly string[] {
  const routes = flashRoutes.split(",").map((route) => route.trim().replace(/^\//, ""));
  const wanted = [...new Set(routes.filter((route) => route !== ""))];
  for (const route of wanted) {
    const isPath = /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/.test(route);
    if (isPath && !TAKEN.includes(route.split("/", 1)[0] ?? "")) continue;
    throw new StartupError(
      `FLASH_ROUTES: "/${route}" can't be one: name paths of letters, digits, _ and -, which no other API has, as /detect`,
    );
  }
  return wanted;
}

async function readFlash(place: RequestPlace, body: Buffer): Promise<FlashRequest> {
  const lifted = liftPayloads(body);
  const quick = lifted === undefined ? undefined : await readLifted(place, lifted);
  return quick ?? parse(place, (await parseJsonText(place.ctx, body)).value);
}

/** By the short way; undefined where the ordinary one has to say what it is. */
async function readLifted(
  place: RequestPlace,
  { json, payloads }: LiftedBody,
): Promise<FlashRequest | undefined> {
  try {
    const flash = parse(place, (await parseJsonText(place.ctx, json)).value, payloads);
    return payloads.areTaken() && flash.instances.every(({ kind }) => kind !== "bad") ? flash : undefined;
  } catch (error) {
    if (error instanceof ServingError) return undefined;
    throw error;
  }
}

function parse(place: RequestPlace, value: unknown, payloads?: LiftedBody["payloads"]): FlashRequest {
  const { maxInstances, maxEnqueuedInstances } = place.settings;
  const { head, modelInputs } = place.model().servable;
  return parseFlash(value, modelInputs, {
    maxInstances: Math.min(maxInstances, maxEnqueuedInstances),
    labels: "labels" in head ? head.labels : undefined,
    payloads,
  });
}

/** An image for an image, unless it is a task, which answers a class for each pixel. */
function choose({ settings }: RequestPlace, { head }: Servable, flash: FlashRequest): SignatureName {
  const { signatureName: named, isTask } = flash;
  const { defaultSignature: serverDefault } = settings;
  const isMap = head.task === "segmentation";
  const showsImage = isMap && !isTask && !head.hasPostprocess && named === undefined && !serverDefault;
  if (showsImage && offeredSignatures(head).includes("mask_png")) return "mask_png";
  return chooseSignature(head, { named, serverDefault, dialectDefault: isMap ? "class" : "label" });
}

function formOf({ composition, info }: Servable, signature: SignatureName): FlashForm {
  if (signature === "boxes") return "boxes";
  if (signature !== "serving_default") return "value";
  return composition !== undefined || info.outputs.length > 1 ? "named" : "value";
}

async function send(ctx: Context, value: Value): Promise<void> {
  ctx.status = 200;
  sendJson(ctx, await writeJson(value));
}
