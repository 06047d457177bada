import { excerpt, ServingError } from "../errors.ts";
import { elementCount, formatShape, isTensor, type TensorSpec } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import { type Head, offeredSignatures, type SignatureName } from "./head.ts";
import { toNumbers } from "./scores.ts";

/** The methods of TensorFlow Serving that take examples and answer with classes or with one number each. */
export type ExampleMethod = "classify" | "regress";

/** Every class of one example, in the model's order. */
export interface Classifications {
  /** Empty strings where the model has no labels, as TensorFlow Serving has them. */
  readonly labels: readonly string[];
  /** Probabilities. */
  readonly scores: Float32Array;
}

/** What is asked of the served model. */
interface MethodModel {
  readonly head: Head;
  readonly outputs: readonly TensorSpec[];
}

/**
 * Returns the signature to answer a method with: `scores` of a classifier for `classify`, the one raw output of what
 * answers with numbers for `regress`.
 *
 * @param named the caller's choice; absent or `serving_default`: the method's own
 * @throws {ServingError} INVALID_ARGUMENT in TensorFlow Serving's words when the model has no such method, or the named
 * signature is another method's.
 * @see tensorflow/serving `servables/tensorflow/classifier.cc`, `regressor.cc`
 */
export function chooseExampleSignature(
  method: ExampleMethod,
  { head, outputs }: MethodModel,
  named: string | undefined,
): SignatureName {
  const signature = SIGNATURE_OF[method];
  if (named !== undefined && !offeredSignatures(head).some((offered) => offered === named)) {
    throw invalid(`No signature was found with the name: ${excerpt(named)}`);
  }
  const isOwn = named === undefined || named === "serving_default" || named === signature;
  if (!isOwn || !METHOD_TASKS[method].includes(head.task)) {
    const was = isOwn ? ownMethod(head) : "predict";
    const noun = method === "classify" ? "classification" : "regression";
    throw invalid(
      `Expected ${noun} signature method_name to be tensorflow/serving/${method}. Was: tensorflow/serving/${was}`,
    );
  }
  if (method === "regress" && outputs.length !== 1) throw invalid("Expected one output Tensor.");
  return signature;
}

const SIGNATURE_OF: Readonly<Record<ExampleMethod, SignatureName>> = {
  classify: "scores",
  regress: "serving_default",
};

/** Tensors of which nothing is said may be numbers to regress. */
const METHOD_TASKS: Readonly<Record<ExampleMethod, readonly Head["task"][]>> = {
  classify: ["classification"],
  regress: ["regression", "generic"],
};

function ownMethod({ task }: Head): ExampleMethod | "predict" {
  if (task === "classification") return "classify";
  return task === "regression" ? "regress" : "predict";
}

/**
 * Returns every class of an example.
 *
 * @param scores what signature `scores` gave
 */
export function toClassifications(scores: Value, head: Head): Classifications {
  if (!isTensor(scores)) throw new ServingError("INTERNAL", "scores are no tensor; this is a bug");
  const labels = "labels" in head ? head.labels : undefined;
  const data = scores.data as Float32Array;
  return { labels: Array.from(data, (_, i) => labels?.[i] ?? ""), scores: data };
}

/**
 * Returns the number of an example, as a float32.
 *
 * Shapes: `[]` or `[1]`
 *
 * @param value what signature `serving_default` gave
 * @throws {ServingError} INVALID_ARGUMENT in TensorFlow Serving's words when it is not one number.
 */
export function toRegression(value: Value): number {
  if (!isTensor(value)) throw invalid("Expected one output Tensor.");
  const { dtype, shape } = value;
  if (dtype === "string" || dtype === "bool") {
    throw invalid(`Expected output Tensor of DT_FLOAT.  Got: DT_${dtype.toUpperCase()}`);
  }
  if (shape.length > 1 || elementCount(shape) !== 1) {
    const got = formatShape(["batch_size", ...shape]);
    throw invalid(`Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got ${got}`);
  }
  return Math.fround(toNumbers(value)[0] as number);
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
