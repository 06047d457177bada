import { packageVersion } from "../../config/package-version.ts";
import { excerpt, ServingError } from "../../errors.ts";
import { openInferenceInputs } from "../../protocol/open-inference-inputs.ts";
import { OPEN_INFERENCE_EXTENSIONS, openInferenceMetadata } from "../../protocol/open-inference-metadata.ts";
import { checkReply } from "../../protocol/open-inference-reply.ts";
import type { InferenceReply } from "../../protocol/parse-open-inference.ts";
import type { PredictRequest } from "../../protocol/predict-request.ts";
import { isReady, type VersionStatus } from "../../protocol/tfs-status.ts";
import { answerTensors } from "../../serving/answer-tensors.ts";
import { classificationTensor, labelsOfOutput } from "../../serving/classification-tensor.ts";
import type { AskedModel, LoadedModel } from "../../serving/model-directory.ts";
import { requireRows } from "../../serving/require-rows.ts";
import { chooseSignature } from "../../signature/choose-signature.ts";
import { describeSignature } from "../../signature/describe-signature.ts";
import { offeredSignatures, type SignatureName } from "../../signature/head.ts";
import type { AnswerTensor, AnswerTensors } from "../../tensor/answer-tensor.ts";
import type { GrpcApi } from "../grpc-api.ts";
import { type GrpcMethod, takeMessage } from "../grpc-method.ts";
import { writeInferMetadata } from "../messages/infer-metadata.ts";
import { readInfer } from "../messages/infer-request.ts";
import { writeInfer } from "../messages/infer-response.ts";
import { type OpenedCall, predictCall, type Question } from "../predict-call.ts";
import { MessageReader } from "../wire/message-reader.ts";
import { MessageWriter } from "../wire/message-writer.ts";

/** Returns the methods of KServe's and Triton's GRPCInferenceService. */
export function inferenceService(api: GrpcApi): readonly GrpcMethod[] {
  const probe = (name: string, answer: (message: Buffer) => Buffer): GrpcMethod => ({
    kind: "unary",
    path: pathOf(name),
    isQuiet: true,
    answer: ({ call }) => answer(takeMessage(call)),
  });
  return [
    probe("ServerLive", () => writeFlag(api.lifecycle.state !== "FAILED")),
    probe("ServerReady", () => writeFlag(api.lifecycle.state === "READY")),
    probe("ModelReady", (message) => writeFlag(isReady(versionsOf(api, readAsked(message))))),
    probe("ServerMetadata", serverMetadata),
    probe("ModelMetadata", (message) => modelMetadata(api, readAsked(message))),
    { kind: "unary", path: pathOf("ModelInfer"), answer: predictCall(api, (message) => infer(api, message)) },
  ];
}

function pathOf(name: string): string {
  return `/inference.GRPCInferenceService/${name}`;
}

function writeFlag(value: boolean): Buffer {
  return new MessageWriter().bool(1, value).finish();
}

/** Reads a message of a model's name and version. */
function readAsked(bytes: Buffer): AskedModel {
  const reader = new MessageReader(bytes);
  let [name, version] = ["", ""];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = reader.text();
    else if (field === 2) version = reader.text();
  }
  return toAsked(name, version);
}

const MAX_VERSION = 2n ** 63n - 1n;

/** @throws {ServingError} INVALID_ARGUMENT when the name is missing, or the version is no number. */
function toAsked(name: string, version: string): AskedModel {
  if (name === "") throw invalid("expected the name of a model, got none");
  if (version === "") return { name };
  const number = /^\d{1,19}$/.test(version) ? BigInt(version) : MAX_VERSION + 1n;
  if (number <= MAX_VERSION) return { name, version: number };
  throw invalid(`expected a number as the version of the model, got ${excerpt(version)}`);
}

/** None of what is not known: to Triton, whose clients wait until it is true, such a model is just not ready. */
function versionsOf({ models }: GrpcApi, { name, version }: AskedModel): readonly VersionStatus[] {
  const versions = models.versions(name) ?? [];
  return versions.filter((one) => version === undefined || BigInt(one.version) === version);
}

function findVersions(api: GrpcApi, asked: AskedModel): readonly VersionStatus[] {
  const { name, version } = asked;
  const versions = versionsOf(api, asked);
  if (versions.length > 0) return versions;
  const what = version === undefined ? "" : ` version ${version}`;
  throw new ServingError("NOT_FOUND", `there is no model ${excerpt(name)}${what}`);
}

function serverMetadata(): Buffer {
  const message = new MessageWriter().text(1, "onnx-serving").text(2, packageVersion());
  for (const extension of OPEN_INFERENCE_EXTENSIONS) message.text(3, extension);
  return message.finish();
}

function modelMetadata(api: GrpcApi, asked: AskedModel): Buffer {
  const versions = findVersions(api, asked);
  const { servable } = api.models.find(asked);
  const { head, info, modelInputs, preprocess } = servable;
  const metadata = openInferenceMetadata({
    name: servable.name,
    versions: versions.filter((one) => isReady([one])).map(({ version }) => String(version)),
    inputs: info.inputs,
    outputs: describeSignature(chooseFor(api, servable.head, undefined), head, info.outputs),
    // What takes no encoded image keeps its own type.
    imageInput: preprocess?.color === "bands" ? undefined : modelInputs.imageInput,
    hasRows: modelInputs.batching === "rows",
    signatures: offeredSignatures(head),
  });
  return writeInferMetadata(metadata);
}

function chooseFor({ settings }: GrpcApi, head: LoadedModel["servable"]["head"], named: string | undefined) {
  return chooseSignature(head, {
    named,
    serverDefault: settings.defaultSignature,
    dialectDefault: "serving_default",
  });
}

function infer(api: GrpcApi, message: Buffer): Question {
  const { settings } = api;
  const { name, version, isRaw, signatureName, parameters, inputs, reply } = readInfer(message);
  return {
    asked: toAsked(name, version),
    open: (model) => {
      const { head, info, modelInputs } = model.servable;
      const signature = chooseFor(api, head, signatureName);
      // Every type can be sent.
      const wanted = reply.outputs?.map((output) => ({ ...output, isBinary: true }));
      checkReply(
        { isBinary: true, ...(wanted === undefined ? {} : { outputs: wanted }) },
        describeSignature(signature, head, info.outputs),
      );
      const maxInstances = Math.min(settings.maxInstances, settings.maxEnqueuedInstances);
      const request: PredictRequest = {
        format: "columnar",
        parameters,
        mergesOutputs: true,
        inputs: openInferenceInputs(inputs, modelInputs, { maxInstances }),
      };
      requireRows(request, signature, modelInputs.batching);
      const hasRows = modelInputs.batching === "rows" || request.inputs.kind === "instances";
      return { request, signature, write: inferWriter({ model, signature, reply, isRaw, hasRows }) };
    },
  };
}

interface Writing {
  readonly model: LoadedModel;
  readonly signature: SignatureName;
  readonly reply: InferenceReply;
  readonly isRaw: boolean;
  /** Whether axis 0 of the outputs counts rows. */
  readonly hasRows: boolean;
}

/** A function of its own, as its result must not hold the message. */
function inferWriter(writing: Writing): OpenedCall["write"] {
  const { model, signature, reply, isRaw } = writing;
  return (predicted) =>
    writeInfer({
      modelName: model.servable.name,
      modelVersion: String(model.servable.version),
      id: reply.id,
      isRaw,
      outputs: pickOutputs(answerTensors(predicted, signature), writing),
    });
}

/** Order: that of the request. */
function pickOutputs(
  tensors: AnswerTensors,
  { reply: { outputs }, model, hasRows }: Writing,
): readonly (readonly [string, AnswerTensor])[] {
  if (outputs === undefined) return Object.entries(tensors);
  return outputs.map(({ name, classification: count }) => {
    const tensor = tensors[name];
    if (tensor === undefined) {
      throw new ServingError("INTERNAL", `the answer has no output "${name}"; this is a bug`);
    }
    if (count === undefined) return [name, tensor];
    const labels = labelsOfOutput(model.servable.head, name);
    return [name, classificationTensor(name, tensor, { count, hasRows, labels })];
  });
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
