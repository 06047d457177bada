import type { Context } from "koa";
import { excerpt, ServingError } from "../errors.ts";
import type { LifecycleState } from "../lifecycle.ts";
import { tfsMetadata } from "../protocol/tfs-metadata.ts";
import { isReady, tfsStatus, type VersionState, type VersionStatus } from "../protocol/tfs-status.ts";
import { writeJson } from "../protocol/write-json.ts";
import { describeSignature } from "../signature/describe-signature.ts";
import { offeredSignatures } from "../signature/head.ts";
import { describeServable } from "./describe-servable.ts";
import { sendJson } from "./send-json.ts";
import type { ServingApi } from "./serving-api.ts";

/** `<name>`, `<name>/versions/<n>` or `<name>/labels/<label>`, still percent-encoded. */
const MODEL = "([^/:]+)(?:/versions/(\\d+)|/labels/([^/:]+))?";

/** TensorFlow Serving's routes; matched on the encoded path, decoded afterwards. */
export const MODEL_PATHS: Readonly<Record<"status" | "metadata" | "predict", RegExp>> = {
  status: new RegExp(`^/v1/models/${MODEL}$`),
  metadata: new RegExp(`^/v1/models/${MODEL}/metadata$`),
  predict: new RegExp(`^/v1/models/${MODEL}:predict$`),
};

const MAX_VERSION = 2n ** 63n - 1n;

interface AskedModel {
  readonly name: string;
  readonly version: bigint | undefined;
  readonly label: string | undefined;
}

/**
 * Returns what the path of a model route names.
 *
 * @throws {ServingError} INVALID_ARGUMENT when the version is no 64-bit number; NOT_FOUND when a name is not
 * percent-encoded UTF-8.
 */
function askedModel(ctx: Context): AskedModel {
  const [name = "", digits, label] = ctx.captures as (string | undefined)[];
  const version = digits === undefined ? undefined : BigInt(digits);
  if (version !== undefined && version > MAX_VERSION) {
    throw new ServingError(
      "INVALID_ARGUMENT",
      `Failed to convert version: ${excerpt(digits ?? "")} to numeric.`,
    );
  }
  try {
    return {
      name: decodeURIComponent(name),
      version,
      label: label === undefined ? undefined : decodeURIComponent(label),
    };
  } catch {
    throw new ServingError("NOT_FOUND", "the model's name is not valid percent-encoding");
  }
}

/** @throws {ServingError} INVALID_ARGUMENT when the version in the path is no 64-bit number. */
export function checkVersionNumber(ctx: Context): void {
  askedModel(ctx);
}

/** @throws {ServingError} NOT_FOUND or INVALID_ARGUMENT, in TensorFlow Serving's words, when it is not the served model. */
export function checkServed(api: ServingApi, ctx: Context): void {
  const { name, version, label } = askedModel(ctx);
  const isServed = name === api.settings.modelName;
  if (label !== undefined && isServed) throw unknownLabel(label);
  if (isServed && (version === undefined || version === servedVersion(api))) return;
  const asked = version === undefined ? `Latest(${excerpt(name)})` : `Specific(${excerpt(name)}, ${version})`;
  throw new ServingError("NOT_FOUND", `Servable not found for request: ${asked}`);
}

/** Answers with the state of the asked version: 200 when it is AVAILABLE, else 503, as balancers need it. */
export async function modelStatus(api: ServingApi, ctx: Context): Promise<void> {
  const { name, version } = askedModel(ctx);
  if (name !== api.settings.modelName) {
    throw new ServingError("NOT_FOUND", `Could not find any versions of model ${excerpt(name)}`);
  }
  if (version !== undefined && version !== servedVersion(api)) {
    throw new ServingError("NOT_FOUND", `Could not find version ${version} of model ${excerpt(name)}`);
  }
  const versions = [versionStatus(api)];
  ctx.status = isReady(versions) ? 200 : 503;
  sendJson(ctx, await writeJson(tfsStatus(name, versions)));
}

/** Answers with the signatures, TensorFlow Serving's way, and all that is known of the model, ours. */
export async function modelMetadata(api: ServingApi, ctx: Context): Promise<void> {
  checkServed(api, ctx);
  const model = api.model();
  if (model === undefined) {
    throw new ServingError("NOT_READY", `the model is not ready: ${api.lifecycle.state}`, {
      retryAfterSeconds: 1,
    });
  }
  const { servable, tuning } = model;
  const { head, info, modelInputs, preprocess } = servable;
  // What takes no encoded image keeps its own type.
  const imageInput = preprocess?.color === "bands" ? undefined : modelInputs.imageInput;
  const metadata = tfsMetadata({
    name: servable.name,
    version: servable.version,
    signatures: offeredSignatures(head).map((name) => ({
      name,
      inputs: info.inputs,
      outputs: describeSignature(name, head, info.outputs),
    })),
    ...(imageInput === undefined ? {} : { imageInput }),
  });
  ctx.status = 200;
  sendJson(
    ctx,
    await writeJson({
      ...(metadata as object),
      onnx_serving: describeServable(servable, api.settings, tuning()),
    }),
  );
}

const STATE_OF: Readonly<Record<LifecycleState, VersionState>> = {
  LOADING: "LOADING",
  READY: "AVAILABLE",
  DRAINING: "UNLOADING",
  FAILED: "END",
};

function versionStatus({ lifecycle, model }: ServingApi): VersionStatus {
  const { state, error } = lifecycle;
  return {
    version: model()?.servable.version ?? 1,
    state: STATE_OF[state],
    ...(error === undefined ? {} : { error: { code: "INTERNAL", message: error } }),
  };
}

function servedVersion({ model }: ServingApi): bigint {
  return BigInt(model()?.servable.version ?? 1);
}

function unknownLabel(label: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", `Unrecognized servable version label: ${excerpt(label)}`);
}
