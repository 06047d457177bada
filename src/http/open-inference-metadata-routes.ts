import type { Context } from "koa";
import { packageVersion } from "../config/package-version.ts";
import { excerpt, ServingError } from "../errors.ts";
import { isJsonObject } from "../protocol/json-object.ts";
import { OPEN_INFERENCE_EXTENSIONS, openInferenceMetadata } from "../protocol/open-inference-metadata.ts";
import { quoteJson } from "../protocol/quote-json.ts";
import { isReady, type VersionState, type VersionStatus } from "../protocol/tfs-status.ts";
import { writeJson } from "../protocol/write-json.ts";
import type { ServingApi } from "../serving/serving-api.ts";
import { chooseSignature } from "../signature/choose-signature.ts";
import { describeSignature } from "../signature/describe-signature.ts";
import { offeredSignatures } from "../signature/head.ts";
import { askedModel } from "./model-routes.ts";
import { parseJsonText } from "./parse-json-text.ts";
import { readBody } from "./read-body.ts";
import { rowOutputs } from "./row-outputs.ts";
import { sendJson } from "./send-json.ts";

/** Answers with the name and version of the server. */
export async function serverMetadata(ctx: Context): Promise<void> {
  ctx.status = 200;
  sendJson(
    ctx,
    await writeJson({
      name: "onnx-serving",
      version: packageVersion(),
      extensions: OPEN_INFERENCE_EXTENSIONS,
    }),
  );
}

/** Answers 200 unless the process should be replaced. */
export async function serverLive({ lifecycle }: ServingApi, ctx: Context): Promise<void> {
  const live = lifecycle.state !== "FAILED";
  ctx.status = live ? 200 : 503;
  sendJson(ctx, await writeJson({ live }));
}

/** Answers 200 when predictions are answered. The specification's own text calls the member `live`, all servers `ready`. */
export async function serverReady({ lifecycle }: ServingApi, ctx: Context): Promise<void> {
  const ready = lifecycle.state === "READY";
  ctx.status = ready ? 200 : 503;
  sendJson(ctx, await writeJson({ ready }));
}

/** Answers 200 when the asked version answers, or any where none is asked. */
export async function modelReady(api: ServingApi, ctx: Context): Promise<void> {
  const { name, versions } = findVersions(api, ctx);
  const ready = isReady(versions);
  ctx.status = ready ? 200 : 503;
  sendJson(ctx, await writeJson({ name, ready }));
}

/** Answers with the inputs of the model and what it answers with where a request names no signature. */
export async function modelMetadata(api: ServingApi, ctx: Context): Promise<void> {
  const { versions } = findVersions(api, ctx);
  const { servable } = api.models.find(askedModel(ctx));
  const { head, info, modelInputs, preprocess } = servable;
  const signature = chooseSignature(head, {
    named: undefined,
    serverDefault: api.settings.defaultSignature,
    dialectDefault: "serving_default",
  });
  ctx.status = 200;
  sendJson(
    ctx,
    await writeJson(
      openInferenceMetadata({
        name: servable.name,
        versions: versions.filter((one) => isReady([one])).map(({ version }) => String(version)),
        inputs: info.inputs,
        outputs: describeSignature(signature, head, rowOutputs(servable)),
        // What takes no encoded image keeps its own type.
        imageInput: preprocess?.color === "bands" ? undefined : modelInputs.imageInput,
        hasRows: modelInputs.batching === "rows",
        signatures: offeredSignatures(head),
      }),
    ),
  );
}

function findVersions({ models }: ServingApi, ctx: Context): { name: string; versions: VersionStatus[] } {
  const { name, version } = askedModel(ctx);
  const versions = (models.versions(name) ?? []).filter(
    (one) => version === undefined || BigInt(one.version) === version,
  );
  if (versions.length > 0) return { name, versions };
  const what = version === undefined ? "" : ` version ${version}`;
  throw new ServingError("NOT_FOUND", `there is no model ${excerpt(name)}${what}`);
}

/** Triton's words for the states. */
const STATE_NAMES: Readonly<Record<VersionState, string>> = {
  UNKNOWN: "UNAVAILABLE",
  START: "LOADING",
  LOADING: "LOADING",
  AVAILABLE: "READY",
  UNLOADING: "UNLOADING",
  END: "UNAVAILABLE",
};

const MAX_INDEX_REQUEST_BYTES = 65_536;

/** Answers with all models and their states; with the ready ones alone where `{"ready": true}` asks for them. */
export async function repositoryIndex({ models }: ServingApi, ctx: Context): Promise<void> {
  const body = await readBody(ctx.req, {
    maxBytes: MAX_INDEX_REQUEST_BYTES,
    onDeclared: () => {},
    onBytes: () => {},
  });
  const isReadyOnly = readReady(body.length === 0 ? {} : (await parseJsonText(ctx, body)).value);
  const index = models.names.flatMap((name) =>
    (models.versions(name) ?? []).map(({ version, state, error }) => ({
      name,
      version: String(version),
      state: STATE_NAMES[state],
      reason: error?.message ?? "",
    })),
  );
  ctx.status = 200;
  sendJson(ctx, await writeJson(index.filter(({ state }) => !isReadyOnly || state === "READY")));
}

function readReady(body: unknown): boolean {
  if (isJsonObject(body)) {
    const { ready = false } = body;
    if (typeof ready === "boolean") return ready;
  }
  throw new ServingError("INVALID_ARGUMENT", `expected {"ready": true or false}, got ${quoteJson(body)}`);
}

/** Which models are served is the configuration's to say. */
export function refuseLoad(ctx: Context): void {
  ctx.set("Allow", "");
  const text = "models are loaded and unloaded by the server's configuration, not by its clients";
  throw new ServingError("METHOD_NOT_ALLOWED", text);
}
