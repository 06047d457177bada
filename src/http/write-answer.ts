import type { PredictAnswer } from "../predictor.ts";
import type { Answer } from "../protocol/answer.ts";
import type { PredictRequest } from "../protocol/predict-request.ts";
import { tfsOutputs } from "../protocol/tfs-outputs.ts";
import { writePredictions } from "../protocol/write-predictions.ts";

/** Returns the JSON of an answer in TensorFlow Serving's and fastai-serving's form. */
export function writeAnswer({ format }: PredictRequest, predicted: PredictAnswer): Answer {
  return predicted.kind === "outputs"
    ? { outputs: tfsOutputs(predicted.outputs) }
    : writePredictions(format, predicted.predictions);
}
