import type { ParseOptions } from "../protocol/parse-instances.ts";
import type { Envelope } from "../protocol/parse-json.ts";
import type { ModelInputs, PredictRequest } from "../protocol/predict-request.ts";
import { chooseSignature, type DefaultSignature } from "../signature/choose-signature.ts";
import type { SignatureName } from "../signature/head.ts";
import type { RequestPlace } from "./dialect.ts";
import { identifyBody } from "./identify-body.ts";
import { readJsonBody } from "./read-json-body.ts";

/** How a dialect of TensorFlow Serving's family reads JSON. */
export interface JsonForm {
  /** Where a dialect says elsewhere what others say in the envelope. */
  readonly prepare?: (envelope: Envelope) => Envelope;
  readonly parse: (envelope: Envelope, model: ModelInputs, options: ParseOptions) => PredictRequest;
  /** The form of the answer to one raw image. */
  readonly rawImageFormat: PredictRequest["format"];
  /** The answer to a request that names no signature; `isSingle`: it holds one image, not a list. */
  readonly defaultSignature: (isSingle: boolean) => DefaultSignature;
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
export async function readRequest(
  place: RequestPlace,
  body: Buffer<ArrayBuffer>,
  form: JsonForm,
): Promise<ReadRequest> {
  const found = await identifyBody(place.ctx, body);
  if (found.kind === "json") {
    return readJsonBody(place, body, (read, options) => {
      const envelope = form.prepare?.(read) ?? read;
      const isSingle = !["instances", "inputs"].some((name) => Object.hasOwn(envelope.body, name));
      const signature = signatureOf(place, form, { named: envelope.signatureName, isSingle });
      return { signature, request: form.parse(envelope, place.model().servable.modelInputs, options) };
    });
  }
  return {
    signature: signatureOf(place, form, { isSingle: true }),
    request: {
      format: form.rawImageFormat,
      parameters: {},
      inputs: { kind: "instances", instances: [{ kind: "image", bytes: found.bytes }] },
    },
  };
}

/** Returns the signature of a request in this form. @throws {ServingError} INVALID_ARGUMENT when it is not offered. */
export function signatureOf(
  { settings, model }: Pick<RequestPlace, "settings" | "model">,
  form: JsonForm,
  { named, isSingle }: { readonly named?: string | undefined; readonly isSingle: boolean },
): SignatureName {
  return chooseSignature(model().servable.head, {
    named,
    serverDefault: settings.defaultSignature,
    dialectDefault: form.defaultSignature(isSingle),
  });
}
