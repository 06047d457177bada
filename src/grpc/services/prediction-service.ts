import { ServingError } from "../../errors.ts";
import type { PredictAnswer } from "../../predictor.ts";
import { examplesToInstances } from "../../protocol/examples-to-instances.ts";
import { checkCount } from "../../protocol/parse-instances.ts";
import type { PredictRequest } from "../../protocol/predict-request.ts";
import { answerTensors } from "../../serving/answer-tensors.ts";
import type { LoadedModel } from "../../serving/model-directory.ts";
import { requireRows } from "../../serving/require-rows.ts";
import { chooseSignature } from "../../signature/choose-signature.ts";
import {
  chooseExampleSignature,
  type ExampleMethod,
  toClassifications,
  toRegression,
} from "../../signature/classifications.ts";
import { describeSignature } from "../../signature/describe-signature.ts";
import type { SignatureName } from "../../signature/head.ts";
import type { Value } from "../../tensor/value.ts";
import type { GrpcApi } from "../grpc-api.ts";
import { type GrpcMethod, takeMessage } from "../grpc-method.ts";
import { readExampleMessage, writeClassifications, writeRegressions } from "../messages/example-results.ts";
import { readMetadataRequest, writeModelMetadata } from "../messages/model-metadata.ts";
import { type ModelSpec, requireModelSpec, writeModelSpec } from "../messages/model-spec.ts";
import { checkOutputFilter, predictInputs, readPredict, writePredict } from "../messages/predict.ts";
import { readExamples } from "../messages/read-examples.ts";
import { type OpenedCall, predictCall, type Question } from "../predict-call.ts";

const SERVICE = "/tensorflow.serving.PredictionService";

/** Returns the methods of TensorFlow Serving's PredictionService. */
export function predictionService(api: GrpcApi): readonly GrpcMethod[] {
  const method = (name: string, read: (message: Buffer) => Question): GrpcMethod => ({
    kind: "unary",
    path: `${SERVICE}/${name}`,
    answer: predictCall(api, read),
  });
  return [
    method("Predict", (message) => predict(api, message)),
    method("Classify", (message) => withExamples(api, "classify", message)),
    method("Regress", (message) => withExamples(api, "regress", message)),
    {
      kind: "unary",
      path: `${SERVICE}/GetModelMetadata`,
      answer: ({ call }) => {
        const { asked } = readMetadataRequest(takeMessage(call));
        return writeModelMetadata(api.models.find(asked).servable);
      },
    },
    {
      kind: "unary",
      path: `${SERVICE}/MultiInference`,
      answer: () => {
        const text = "MultiInference is not offered: call Classify or Regress for each signature";
        throw new ServingError("METHOD_NOT_ALLOWED", text);
      },
    },
  ];
}

/** Most instances of one request. */
function maxInstancesOf({ settings }: GrpcApi): number {
  return Math.min(settings.maxInstances, settings.maxEnqueuedInstances);
}

function predict(api: GrpcApi, message: Buffer): Question {
  const { settings } = api;
  const { spec, inputs, outputFilter } = readPredict(message);
  const { asked, signatureName } = requireModelSpec(spec);
  return {
    asked,
    open: (model) => {
      const { head, info, modelInputs } = model.servable;
      const signature = chooseSignature(head, {
        named: signatureName,
        serverDefault: settings.defaultSignature,
        dialectDefault: "serving_default",
      });
      const offered = describeSignature(signature, head, info.outputs).map(({ name }) => name);
      checkOutputFilter(outputFilter, offered);
      const limits = { maxInstances: maxInstancesOf(api), maxBytes: settings.maxBodyBytes };
      const request: PredictRequest = {
        format: "columnar",
        parameters: {},
        mergesOutputs: true,
        inputs: predictInputs(inputs, modelInputs, limits),
      };
      requireRows(request, signature, modelInputs.batching);
      return {
        signature,
        request,
        write: predictWriter(model, signature, outputFilter),
      };
    },
  };
}

function withExamples(api: GrpcApi, method: ExampleMethod, message: Buffer): Question {
  const { spec, input } = readExampleMessage(message);
  const { asked, signatureName }: ModelSpec = requireModelSpec(spec);
  const examples = readExamples(input);
  checkCount(examples.examples.length, "examples", maxInstancesOf(api));
  return {
    asked,
    open: (model) => {
      const { head, info, modelInputs } = model.servable;
      const signature = chooseExampleSignature(method, { head, outputs: info.outputs }, signatureName);
      const instances = examplesToInstances(examples, modelInputs);
      const request: PredictRequest = {
        format: "row",
        parameters: {},
        inputs: { kind: "instances", instances },
      };
      return { signature, request, write: resultWriter(method, model, signatureName ?? "serving_default") };
    },
  };
}

/** A function of its own, as its result must not hold the message. */
function predictWriter(model: LoadedModel, signature: SignatureName, filter: readonly string[]): Write {
  return (predicted) => writePredict(specOf(model, signature), answerTensors(predicted, signature), filter);
}

/** As {@link predictWriter}. */
function resultWriter(method: ExampleMethod, model: LoadedModel, signatureName: string): Write {
  const { head } = model.servable;
  return (predicted) => {
    const values = valuesOf(predicted);
    const modelSpec = specOf(model, signatureName);
    return method === "classify"
      ? writeClassifications(
          modelSpec,
          values.map((value) => toClassifications(value, head)),
        )
      : writeRegressions(modelSpec, values.map(toRegression));
  };
}

type Write = OpenedCall["write"];

function valuesOf(predicted: PredictAnswer): readonly Value[] {
  if (predicted.kind === "outputs") {
    throw new ServingError("INTERNAL", "examples were answered with merged outputs; this is a bug");
  }
  return predicted.predictions.map((prediction) => {
    if ("error" in prediction) throw prediction.error;
    return prediction.value;
  });
}

function specOf({ servable }: LoadedModel, signatureName: string) {
  const { name, version } = servable;
  return writeModelSpec({ name, version, signatureName });
}
