import type { Context } from "koa";
import { ServingError } from "../errors.ts";
import { liftPayloads, type Payloads } from "../protocol/lift-payloads.ts";
import { parseEnvelope } from "../protocol/parse-json.ts";
import type { PredictRequest } from "../protocol/predict-request.ts";
import { chooseSignature } from "../signature/choose-signature.ts";
import type { SignatureName } from "../signature/head.ts";
import type { Dialect } from "./dialects.ts";
import { identifyBody } from "./identify-body.ts";
import { parseJsonText } from "./parse-json-text.ts";
import type { LoadedModel, ServingApi } from "./serving-api.ts";

/** Throws when the path names a model or version that is not served; asked once the body is known to be sound. */
export type CheckModel = (ctx: Context) => void;

/** What a body is read for. */
export interface RequestPlace {
  readonly ctx: Context;
  readonly api: ServingApi;
  readonly dialect: Dialect;
  readonly checkModel: CheckModel;
  readonly model: LoadedModel;
}

export interface ReadRequest {
  readonly request: PredictRequest;
  readonly signature: SignatureName;
}

/**
 * Returns what a body asks for. The memory of the body is free again when it returns, but for an image that it is.
 *
 * Order: envelope → model → signature → instances, as TensorFlow Serving checks them.
 *
 * @throws {ServingError} what is wrong with the body, the model's name or the signature.
 */
export async function readRequest(place: RequestPlace, body: Buffer<ArrayBuffer>): Promise<ReadRequest> {
  const found = await identifyBody(place.ctx, body);
  if (found.kind === "json") return (await readLifted(place, body)) ?? (await readJson(place, body));
  place.checkModel(place.ctx);
  return {
    request: {
      format: place.dialect.rawImageFormat,
      parameters: {},
      inputs: { kind: "instances", instances: [{ kind: "image", bytes: found.bytes }] },
    },
    signature: choose(place, { isSingle: true }),
  };
}

/** Reads a body of images in base64 by the short way; undefined where the ordinary one has to say what it is. */
async function readLifted(place: RequestPlace, body: Buffer): Promise<ReadRequest | undefined> {
  if (place.model.servable.modelInputs.imageInput === undefined) return undefined;
  const lifted = liftPayloads(body);
  if (lifted === undefined) return undefined;
  try {
    const read = await readJson(place, lifted.json, lifted.payloads);
    return lifted.payloads.areTaken() && !hasBad(read.request) ? read : undefined;
  } catch (error) {
    if (error instanceof ServingError) return undefined;
    throw error;
  }
}

async function readJson(place: RequestPlace, json: Buffer, payloads?: Payloads): Promise<ReadRequest> {
  const { ctx, api, dialect, checkModel, model } = place;
  const { value, text } = await parseJsonText(ctx, json);
  const envelope = parseEnvelope(value, text);
  checkModel(ctx);
  const isSingle = !Object.hasOwn(envelope.body, "instances");
  const signature = choose(place, { named: envelope.signatureName, isSingle });
  const maxInstances = Math.min(api.settings.maxInstances, api.settings.maxEnqueuedInstances);
  const request = dialect.parse(envelope, model.servable.modelInputs, { maxInstances, payloads });
  return { request, signature };
}

function choose(
  { api, dialect, model }: RequestPlace,
  { named, isSingle }: { readonly named?: string | undefined; readonly isSingle: boolean },
): SignatureName {
  return chooseSignature(model.servable.head, {
    named,
    serverDefault: api.settings.defaultSignature,
    dialectDefault: dialect.defaultSignature(isSingle),
  });
}

function hasBad({ inputs }: PredictRequest): boolean {
  return inputs.kind === "instances" && inputs.instances.some((instance) => instance.kind === "bad");
}
