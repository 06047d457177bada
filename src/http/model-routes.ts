import type { Context } from "koa";
import { excerpt, ServingError } from "../errors.ts";
import { tfsMetadata } from "../protocol/tfs-metadata.ts";
import { isReady, tfsStatus } from "../protocol/tfs-status.ts";
import { writeJson } from "../protocol/write-json.ts";
import type { AskedModel } from "../serving/model-directory.ts";
import type { ServingApi } from "../serving/serving-api.ts";
import { describeSignature } from "../signature/describe-signature.ts";
import { offeredSignatures } from "../signature/head.ts";
import { describeServable } from "./describe-servable.ts";
import { sendJson } from "./send-json.ts";

/** `<name>`, `<name>/versions/<n>` or `<name>/labels/<label>`, still percent-encoded. */
export const MODEL = "([^/:]+)(?:/versions/(\\d+)|/labels/([^/:]+))?";

/** TensorFlow Serving's routes; matched on the encoded path, decoded afterwards. */
export const MODEL_PATHS: Readonly<
  Record<"status" | "metadata" | "predict" | "classify" | "regress", RegExp>
> = {
  status: new RegExp(`^/v1/models/${MODEL}$`),
  metadata: new RegExp(`^/v1/models/${MODEL}/metadata$`),
  predict: new RegExp(`^/v1/models/${MODEL}:predict$`),
  classify: new RegExp(`^/v1/models/${MODEL}:classify$`),
  regress: new RegExp(`^/v1/models/${MODEL}:regress$`),
};

/**
 * Returns the paths of one of these routes as the OpenAPI document has them, by their operationIds.
 *
 * @param end what stands behind the model, such as `:predict`
 */
export function modelOperations(id: string, end: string): Readonly<Record<string, string>> {
  return {
    [id]: `/v1/models/{name}${end}`,
    [`${id}Version`]: `/v1/models/{name}/versions/{version}${end}`,
    [`${id}Label`]: `/v1/models/{name}/labels/{label}${end}`,
  };
}

const MAX_VERSION = 2n ** 63n - 1n;

/**
 * Returns what the path of a model route names.
 *
 * @throws {ServingError} INVALID_ARGUMENT when the version is no 64-bit number; NOT_FOUND when a name is not
 * percent-encoded UTF-8.
 */
export function askedModel(ctx: Context): AskedModel {
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
      ...(version === undefined ? {} : { version }),
      ...(label === undefined ? {} : { label: decodeURIComponent(label) }),
    };
  } catch {
    throw new ServingError("NOT_FOUND", "the model's name is not valid percent-encoding");
  }
}

/** Answers with the states of the asked versions: 200 when one is AVAILABLE, else 503, as balancers need it. */
export async function modelStatus({ models }: ServingApi, ctx: Context): Promise<void> {
  const { name, version, label } = askedModel(ctx);
  const all = models.versions(name);
  if (all === undefined || all.length === 0) {
    throw new ServingError("NOT_FOUND", `Could not find any versions of model ${excerpt(name)}`);
  }
  const labelled = all.filter(({ labels }) => label !== undefined && labels?.includes(label));
  // An unknown label is ignored, as by TensorFlow Serving.
  const versions = (labelled.length > 0 ? labelled : all).filter(
    (one) => version === undefined || BigInt(one.version) === version,
  );
  if (versions.length === 0) {
    throw new ServingError("NOT_FOUND", `Could not find version ${version} of model ${excerpt(name)}`);
  }
  ctx.status = isReady(versions) ? 200 : 503;
  sendJson(ctx, await writeJson(tfsStatus(name, versions)));
}

/** Answers with the signatures, TensorFlow Serving's way, and all that is known of the model, ours. */
export async function modelMetadata(api: ServingApi, ctx: Context): Promise<void> {
  const { servable, tuning } = api.models.find(askedModel(ctx));
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
