import type { Context, Middleware } from "koa";
import { ServingError } from "../../errors.ts";
import { parseCloud } from "../../protocol/parse-cloud.ts";
import { parseNpy } from "../../protocol/parse-npy.ts";
import { writeJson } from "../../protocol/write-json.ts";
import type { AskedModel } from "../../serving/model-directory.ts";
import type { ServingApi } from "../../serving/serving-api.ts";
import { isNpy } from "../../tensor/npy-header.ts";
import { type AnswerForm, answerForm } from "../answer-form.ts";
import type { Dialect, DialectCall, RequestPlace } from "../dialect.ts";
import type { HttpApi } from "../http-api.ts";
import { predictHandler } from "../predict-handler.ts";
import { type JsonForm, type ReadRequest, readRequest, signatureOf } from "../read-request.ts";
import type { Route } from "../route.ts";
import type { RouteApi } from "../route-api.ts";
import { sendJson } from "../send-json.ts";
import { writerOf } from "../write-in-form.ts";

const CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes" as const;

/** SageMaker's own default for a payload, and its limit for all payloads that are on their way to an instance. */
const [PAYLOAD_MB, ALL_PAYLOADS_MB] = [6, 100];

const FORM: JsonForm = {
  parse: parseCloud,
  rawImageFormat: "single",
  defaultSignature: (isSingle) => (isSingle ? "label" : "class"),
};

/** A picture or an array is no label. */
const DEFAULT_OF_FORM: Partial<Record<AnswerForm["kind"], Pick<JsonForm, "defaultSignature">>> = {
  npy: { defaultSignature: () => "serving_default" },
  png: { defaultSignature: () => "mask_png" },
};

/** What both routes take and answer. */
const INVOKE: Pick<RouteApi, "tag" | "needs" | "takes" | "gives"> = {
  tag: "SageMaker",
  needs: "prediction",
  takes: ["cloud", "image", "multipart", "npy"],
  gives: ["cloud", "npy", "png"],
};

/** SageMaker's `/invocations`: an image, JSON or a NumPy file in, JSON or a NumPy file out. */
const SAGEMAKER: Dialect = { onBadInstance: "report", read };

/**
 * Returns the routes that SageMaker asks but for `/ping`. `/invocations` takes TorchServe's `?model_name=` too.
 *
 * @see Amazon SageMaker Developer Guide, "Custom inference code with hosting services", "... with batch transform"
 */
export function sagemakerRoutes(api: HttpApi): readonly Route[] {
  const predict = predictHandler(api, SAGEMAKER, askedModel);
  return [
    {
      method: "post",
      path: "/invocations",
      name: "/invocations",
      api: {
        ...INVOKE,
        summary: "Predictions for a list of instances, one image, or a NumPy file",
        operations: { invocations: "/invocations" },
        parameters: [CUSTOM_ATTRIBUTES, "model_name"],
      },
      handle: withCustomAttributes(predict),
    },
    {
      method: "post",
      path: /^\/models\/([^/]+)\/invoke$/,
      name: "/models/<name>/invoke",
      api: {
        ...INVOKE,
        summary: "The same of one of several models",
        operations: { invokeModel: "/models/{name}/invoke" },
        parameters: [CUSTOM_ATTRIBUTES],
      },
      handle: withCustomAttributes(predict),
    },
    {
      method: "get",
      path: "/execution-parameters",
      name: "/execution-parameters",
      api: {
        tag: "SageMaker",
        summary: "How many requests batch transform should send at once",
        operations: { executionParameters: "/execution-parameters" },
        needs: "model",
        gives: ["execution-parameters"],
      },
      handle: (ctx) => executionParameters(api, ctx),
    },
  ];
}

async function read(place: RequestPlace, body: Buffer<ArrayBuffer>): Promise<DialectCall> {
  const form = answerForm(place.ctx);
  const jsonForm = { ...FORM, ...DEFAULT_OF_FORM[form.kind] };
  const read = isNpy(body) ? readNpy(place, body) : await readRequest(place, body, jsonForm);
  return { ...read, write: writerOf(form, read, place.model().servable) };
}

/** An array names no signature: the answer is the raw output, unless the server has another default. */
function readNpy(place: RequestPlace, body: Buffer<ArrayBuffer>): ReadRequest {
  const { settings, model } = place;
  const signature = signatureOf(
    place,
    { ...FORM, defaultSignature: () => "serving_default" },
    { isSingle: false },
  );
  const maxInstances = Math.min(settings.maxInstances, settings.maxEnqueuedInstances);
  const inputs = parseNpy(body, model().servable.modelInputs, { maxInstances });
  return { signature, request: { format: "row", parameters: {}, inputs } };
}

function askedModel(ctx: Context): AskedModel | undefined {
  const [captured] = (ctx.captures ?? []) as (string | undefined)[];
  const { model_name: named } = ctx.query;
  const name = captured ?? (typeof named === "string" ? named : undefined);
  if (name === undefined) return undefined;
  try {
    return { name: captured === undefined ? name : decodeURIComponent(name) };
  } catch {
    throw new ServingError("NOT_FOUND", "the model's name is not valid percent-encoding");
  }
}

/** What a caller sends in this header goes through the platform both ways; errors have it too. */
function withCustomAttributes(handle: Middleware): Middleware {
  return (ctx, next) => {
    const attributes = ctx.get(CUSTOM_ATTRIBUTES);
    if (attributes !== "") ctx.set(CUSTOM_ATTRIBUTES, attributes);
    return handle(ctx, next);
  };
}

/** Enough requests at once to fill a batch on every lane while the next one comes. */
async function executionParameters({ models, settings }: ServingApi, ctx: Context): Promise<void> {
  const { servable, tuning } = models.find();
  const payloadMb = Math.max(1, Math.min(PAYLOAD_MB, Math.floor(settings.maxBodyBytes / 2 ** 20)));
  const wanted = (servable.lanes.count + 1) * tuning().maxBatchSize;
  const parameters = {
    MaxConcurrentTransforms: Math.min(
      wanted,
      settings.maxEnqueuedInstances,
      Math.floor(ALL_PAYLOADS_MB / payloadMb),
    ),
    BatchStrategy: "SINGLE_RECORD",
    MaxPayloadInMB: payloadMb,
  };
  ctx.status = 200;
  sendJson(ctx, await writeJson(parameters));
}
