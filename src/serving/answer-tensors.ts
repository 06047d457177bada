import { ServingError } from "../errors.ts";
import type { PredictAnswer } from "../predictor.ts";
import { writeJsonText } from "../protocol/write-json.ts";
import type { SignatureName } from "../signature/head.ts";
import { signatureTensors } from "../signature/signature-tensors.ts";
import type { AnswerTensors } from "../tensor/answer-tensor.ts";

/**
 * Returns an answer as named tensors, for wire formats that carry nothing else.
 *
 * Shapes: n instances → tensors `[n, ...]`.
 *
 * @param predicted to a request with `mergesOutputs`
 * @throws {ServingError} that of the first instance that has no answer: a tensor has no place for it; INVALID_ARGUMENT
 * when the answers are no tensor together.
 */
export function answerTensors(predicted: PredictAnswer, signature: SignatureName): AnswerTensors {
  if (predicted.kind === "outputs") return predicted.outputs;
  const values = predicted.predictions.map((prediction) => {
    if ("error" in prediction) throw prediction.error;
    return prediction.value;
  });
  if (signature === "serving_default") {
    throw new ServingError("INTERNAL", "raw outputs were not merged; this is a bug");
  }
  return signatureTensors(signature, values, writeJsonText);
}
