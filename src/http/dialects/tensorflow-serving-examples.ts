import { ServingError } from "../../errors.ts";
import type { PredictAnswer } from "../../predictor.ts";
import type { Answer } from "../../protocol/answer.ts";
import { writeResults } from "../../protocol/write-predictions.ts";
import { type ExampleMethod, toClassifications, toRegression } from "../../signature/classifications.ts";
import type { Head } from "../../signature/head.ts";
import type { Value } from "../../tensor/value.ts";
import type { Dialect } from "../dialect.ts";
import { readExamples } from "../read-examples.ts";

/** Returns how TensorFlow Serving's `:classify` and `:regress` are read and answered. */
export function examplesDialect(method: ExampleMethod): Dialect {
  return {
    onBadInstance: "fail",
    read: async (place, body) => {
      const read = await readExamples(place, body, method);
      const { head } = place.model().servable;
      return { ...read, write: (predicted) => ({ json: write(predicted, RESULT_OF[method], head) }) };
    },
  };
}

type ToResult = (value: Value, head: Head) => Value;

const RESULT_OF: Readonly<Record<ExampleMethod, ToResult>> = {
  classify: (value, head) => {
    const { labels, scores } = toClassifications(value, head);
    return labels.map((label, i) => [label, scalar(scores.subarray(i, i + 1))]);
  },
  regress: (value) => scalar(Float32Array.of(toRegression(value))),
};

/** A bare number, in float32's shortest form. */
function scalar(data: Float32Array): Value {
  return { dtype: "float32", shape: [], data };
}

function write(predicted: PredictAnswer, toResult: ToResult, head: Head): Answer {
  if (predicted.kind === "predictions") {
    return writeResults(predicted.predictions, (value) => toResult(value, head));
  }
  throw new ServingError("INTERNAL", "examples were answered with merged outputs; this is a bug");
}
