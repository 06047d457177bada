import type { DescribedModel, DocumentScope } from "./document-scope.ts";
import { codeAndMessage, failedInstances, instanceError } from "./error-schemas.ts";
import { anyPrediction, prediction, rawTensor, signaturePrediction } from "./prediction-schema.ts";
import { ANYTHING, anyOf, FLOAT, INTEGER, listOf, mapOf, object, type Schema, TEXT } from "./schema.ts";

/**
 * Returns the row format: a prediction for each instance.
 *
 * @param isHandlers they may be in the form of TorchServe's handlers, too
 */
export function predictions(scope: DocumentScope, isHandlers = false): Schema {
  const handlers = isHandlers ? scope.models.map((model) => handled(scope, model)) : [];
  const one =
    scope.models.length === 0 ? ANYTHING : anyOf([anyPrediction(scope), ...handlers, instanceError(scope)]);
  return object({ predictions: listOf(one) }, { errors: failedInstances(scope) });
}

/** Returns the answer to one image. */
export function single(scope: DocumentScope): Schema {
  return object({ prediction: anyPrediction(scope) });
}

/** Returns the columnar format: the tensor of the only output, else tensors by name; of other signatures, lists. */
export function outputs(scope: DocumentScope): Schema {
  const tensors = scope.models.map(({ servable }) => {
    const all = servable.info.outputs.map((spec) => {
      const [, ...row] = spec.shape;
      const shape = spec.shape.length === 0 ? [] : ["N", ...row];
      return [spec.name, rawTensor({ ...spec, shape })] as const;
    });
    const [first, second] = all;
    return second === undefined ? (first?.[1] ?? ANYTHING) : object(Object.fromEntries(all));
  });
  const rows = scope.models.map((model) => listOf(anyOf([prediction(scope, model), instanceError(scope)])));
  const columns = mapOf(listOf(ANYTHING));
  const any = scope.models.length === 0 ? ANYTHING : anyOf([...tensors, ...rows, columns]);
  return object({ outputs: any }, { errors: failedInstances(scope) });
}

/** Returns the answer to examples: every class with its score, or one number. */
export function results(scope: DocumentScope): Schema {
  const scores: Schema = {
    ...listOf({ type: "array", prefixItems: [TEXT, FLOAT], minItems: 2, maxItems: 2 }),
  };
  return object(
    { results: listOf(anyOf([scores, FLOAT, instanceError(scope)])) },
    { errors: failedInstances(scope) },
  );
}

/** Returns what TorchServe's handler for the task answers. */
export function handled(scope: DocumentScope, model: DescribedModel): Schema {
  const { head } = model.servable;
  if (head.task === "classification") {
    return { ...mapOf(FLOAT), description: "Scores by label, the best first." };
  }
  if (head.task === "detection") {
    return {
      ...listOf({ ...object({ score: FLOAT }), additionalProperties: ANYTHING }),
      description: "Each box behind its label.",
    };
  }
  if (head.task === "segmentation" && !head.isClassMap)
    return signaturePrediction(scope, model, "class_score");
  return prediction(scope, model);
}

/** Returns a line of a stream of predictions. */
export function predictionLine(scope: DocumentScope): Schema {
  return scope.define("PredictionLine", () => {
    const place = { index: INTEGER };
    const key = { key: ANYTHING };
    return anyOf([
      object({ ...place, prediction: anyPrediction(scope) }, key),
      object({ ...place, error: codeAndMessage(scope) }, key),
      {
        ...object({ error: codeAndMessage(scope) }),
        description: "The last line of a stream that ends early.",
      },
    ]);
  });
}
