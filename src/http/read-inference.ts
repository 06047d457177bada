import { ServingError } from "../errors.ts";
import { identifyImage } from "../image/identify.ts";
import { openInferenceInputs } from "../protocol/open-inference-inputs.ts";
import { openInferenceRaw } from "../protocol/open-inference-raw.ts";
import { checkReply } from "../protocol/open-inference-reply.ts";
import { type InferenceReply, parseOpenInference } from "../protocol/parse-open-inference.ts";
import type { PredictRequest } from "../protocol/predict-request.ts";
import { requireRows } from "../serving/require-rows.ts";
import { chooseSignature } from "../signature/choose-signature.ts";
import { describeSignature } from "../signature/describe-signature.ts";
import type { SignatureName } from "../signature/head.ts";
import type { RequestPlace } from "./dialect.ts";
import { identifyBody } from "./identify-body.ts";
import { readJsonBody } from "./read-json-body.ts";

/** Tells how many bytes of a body are JSON; what follows are tensors. */
export const JSON_LENGTH_HEADER = "Inference-Header-Content-Length" as const;

export interface ReadInference {
  readonly request: PredictRequest;
  readonly signature: SignatureName;
  readonly reply: InferenceReply;
}

/**
 * Returns what the body of an inference request asks for: JSON, JSON with tensors behind it, one tensor as it is, or
 * one image as it is.
 *
 * @throws {ServingError} what is wrong with the body, the model's name, the signature, an input or a wanted output.
 */
export async function readInference(place: RequestPlace, body: Buffer<ArrayBuffer>): Promise<ReadInference> {
  const jsonBytes = readJsonLength(place.ctx.get(JSON_LENGTH_HEADER), body.length);
  if (jsonBytes === 0) return readRaw(place, body, { isBinary: true });
  if (jsonBytes === undefined) {
    const found = await identifyBody(place.ctx, body);
    if (found.kind === "image") return readRaw(place, found.bytes, { isBinary: false });
  }
  const tail = body.subarray(jsonBytes ?? body.length);
  return readJsonBody(place, body.subarray(0, jsonBytes), (envelope, options) => {
    const { inputs, reply, parameters, signatureName } = parseOpenInference(envelope, tail);
    const { signature, modelInputs } = choose(place, reply, signatureName);
    const request = toRequest(openInferenceInputs(inputs, modelInputs, options), parameters);
    return check({ request, signature, reply }, modelInputs.batching);
  });
}

/** @throws {ServingError} INVALID_ARGUMENT when it is no number of bytes, or the body has fewer. */
function readJsonLength(header: string, bodyBytes: number): number | undefined {
  if (header === "") return undefined;
  const length = /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN;
  if (length <= bodyBytes) return length;
  throw new ServingError(
    "INVALID_ARGUMENT",
    `${JSON_LENGTH_HEADER}: expected the bytes of the JSON that the body of ${bodyBytes} begins with`,
  );
}

function readRaw(place: RequestPlace, body: Uint8Array, reply: InferenceReply): ReadInference {
  const { signature, modelInputs } = choose(place, reply, undefined);
  const inputs = openInferenceRaw(body, modelInputs, (bytes) => identifyImage(bytes).kind === "image");
  return check({ request: toRequest(inputs, {}), signature, reply }, modelInputs.batching);
}

function choose({ settings, model }: RequestPlace, reply: InferenceReply, named: string | undefined) {
  const { head, info, modelInputs } = model().servable;
  const signature = chooseSignature(head, {
    named,
    serverDefault: settings.defaultSignature,
    dialectDefault: "serving_default",
  });
  checkReply(reply, describeSignature(signature, head, info.outputs));
  return { signature, modelInputs };
}

function toRequest(
  inputs: PredictRequest["inputs"],
  parameters: PredictRequest["parameters"],
): PredictRequest {
  return { format: "row", parameters, mergesOutputs: true, inputs };
}

function check(read: ReadInference, batching: "rows" | "whole"): ReadInference {
  requireRows(read.request, read.signature, batching);
  return read;
}
