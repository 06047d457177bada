import type { Context } from "koa";
import { excerpt, ServingError } from "../../errors.ts";
import type { PredictAnswer } from "../../predictor.ts";
import type { Answer } from "../../protocol/answer.ts";
import { parseTorchServe } from "../../protocol/parse-torchserve.ts";
import { writeTorchServeError } from "../../protocol/torchserve-error.ts";
import { writePredictions } from "../../protocol/write-predictions.ts";
import { toHandlerForm } from "../../protocol/write-torchserve.ts";
import type { AskedModel } from "../../serving/model-directory.ts";
import type { ServingApi } from "../../serving/serving-api.ts";
import type { Value } from "../../tensor/value.ts";
import type { Dialect, ErrorStyle } from "../dialect.ts";
import type { HttpApi } from "../http-api.ts";
import { predictHandler } from "../predict-handler.ts";
import { type JsonForm, type ReadRequest, readRequest } from "../read-request.ts";
import type { Route } from "../route.ts";
import { writeAnswer } from "../write-answer.ts";
import { torchserveModelRoutes } from "./torchserve-models.ts";

const TAG = "TorchServe";

/** `<name>` or `<name>/<version>`, still percent-encoded. */
const PREDICTIONS = /^\/predictions\/([^/]+)(?:\/([^/]+))?\/?$/;

const FORM: JsonForm = {
  parse: parseTorchServe,
  rawImageFormat: "single",
  defaultSignature: () => "handler",
};

const TORCHSERVE_ERRORS: ErrorStyle = { body: writeTorchServeError, schemaOf: () => "TorchServeError" };

/** TorchServe's inference API, with the answers of its default handlers. */
const TORCHSERVE: Dialect = {
  onBadInstance: "fail",
  errors: TORCHSERVE_ERRORS,
  read: async (place, body) => {
    const read = await readRequest(place, body, FORM);
    const isDefault = (read.request.signatureName ?? place.settings.defaultSignature) === undefined;
    return { ...read, write: (predicted) => ({ json: answer(read, predicted, isDefault) }) };
  },
};

/** Returns the routes of TorchServe's inference API, and those of its management API that only read. */
export function torchserveRoutes(api: HttpApi): readonly Route[] {
  const handle = predictHandler(api, TORCHSERVE, (ctx) => askedModel(api, ctx));
  const predictions = (method: "put" | "post", id: string): Route => ({
    method,
    path: PREDICTIONS,
    name: "/predictions/<name>",
    api: {
      tag: TAG,
      summary: method === "put" ? "The same, as `curl -T` sends it" : "The prediction for an image",
      operations: {
        [id]: "/predictions/{name}",
        [`${id}Version`]: "/predictions/{name}/{model_version}",
      },
      needs: "prediction",
      takes: ["torchserve", "image", "multipart"],
      gives: ["torchserve"],
    },
    errors: TORCHSERVE_ERRORS,
    handle,
  });
  return [
    predictions("put", "putPredictions"),
    predictions("post", "predictions"),
    ...torchserveModelRoutes(api, TORCHSERVE_ERRORS),
  ];
}

/** A single instance's answer is the body itself. */
function answer({ request, signature }: ReadRequest, predicted: PredictAnswer, isDefault: boolean): Answer {
  if (predicted.kind === "outputs") return writeAnswer(request, predicted);
  const isHandlers = isDefault && (signature === "top_k" || signature === "boxes");
  const toForm = (value: Value): Answer => (isHandlers ? toHandlerForm(signature, value) : value);
  const [first] = predicted.predictions;
  // One that failed alone was not answered with 200.
  if (request.format === "single")
    return first !== undefined && "value" in first ? toForm(first.value) : null;
  const written = writePredictions("row", predicted.predictions);
  if (!isHandlers) return written;
  const { predictions, ...errors } = written as { readonly predictions: readonly Answer[] };
  const inForm = predicted.predictions.map((one, i) =>
    "value" in one ? toForm(one.value) : (predictions[i] ?? null),
  );
  return { predictions: inForm, ...errors };
}

/**
 * Returns what the path names, once it is known to be there. TorchServe writes versions as `1.0`.
 *
 * @throws {ServingError} NOT_FOUND in TorchServe's words.
 */
function askedModel({ models }: ServingApi, ctx: Context): AskedModel {
  const [name = "", version] = (ctx.captures as (string | undefined)[]).map(decode);
  const versions = models.versions(name);
  if (versions === undefined) throw new ServingError("NOT_FOUND", `Model not found: ${excerpt(name)}`);
  if (version === undefined) return { name };
  const [, number] = /^0*(\d{1,18})(?:\.0+)*$/.exec(version) ?? [];
  if (number !== undefined && versions.some((one) => String(one.version) === number)) {
    return { name, version: BigInt(number) };
  }
  throw new ServingError(
    "NOT_FOUND",
    `Model version: ${excerpt(version)} does not exist for model: ${excerpt(name)}`,
  );
}

/** What is no percent-encoding of UTF-8 is no name of a model. */
function decode(text: string | undefined): string | undefined {
  try {
    return text && decodeURIComponent(text);
  } catch {
    return text;
  }
}
