import { excerpt, ServingError } from "../errors.ts";
import type { PredictAnswer } from "../predictor.ts";
import type { PredictRequest } from "../protocol/predict-request.ts";
import { writeNpy } from "../protocol/write-npy.ts";
import type { Prediction } from "../protocol/write-predictions.ts";
import type { Servable } from "../servable.ts";
import { offeredSignatures, type SignatureName } from "../signature/head.ts";
import { mergeRows } from "../tensor/rows.ts";
import { formatShape, isTensor, type Tensor } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import type { AnswerForm } from "./answer-form.ts";
import type { HttpAnswer } from "./dialect.ts";
import type { ReadRequest } from "./read-request.ts";
import { writeAnswer } from "./write-answer.ts";

/** Those that give texts, or objects of unequal lists, for every model. */
const NO_ARRAYS: ReadonlySet<SignatureName> = new Set<SignatureName>([
  "label",
  "top_k",
  "mask_png",
  "base64_prediction",
  "boxes",
]);

/**
 * Returns how the answer to a request is written in the form that its caller wants.
 *
 * @throws {ServingError} NOT_ACCEPTABLE where no answer to it can have that form; the message says what to ask for.
 */
export function writerOf(
  form: AnswerForm,
  { request, signature }: ReadRequest,
  servable: Servable,
): (predicted: PredictAnswer) => HttpAnswer {
  switch (form.kind) {
    case "json":
    case "lines":
      return (predicted) => ({ json: writeAnswer(request, predicted) });
    case "npy":
      requireArrays(form, signature, servable);
      return (predicted) => ({
        bytes: writeNpy(toArray(form, request, predicted)),
        contentType: "application/x-npy",
      });
    case "png":
      requirePng(request, signature, servable);
      return (predicted) => ({ bytes: toPng(predicted), contentType: "image/png" });
  }
}

type NpyForm = Extract<AnswerForm, { readonly kind: "npy" }>;

function requireArrays({ output }: NpyForm, signature: SignatureName, { head, info }: Servable): void {
  if (NO_ARRAYS.has(signature)) {
    const others = offeredSignatures(head).filter((name) => !NO_ARRAYS.has(name));
    throw noArray(`signature "${signature}" gives no array of numbers; ask for one of ${others.join(", ")}`);
  }
  const names = info.outputs.map(({ name }) => name);
  if (signature !== "serving_default" || (output === undefined ? names.length === 1 : names.includes(output)))
    return;
  throw noArray(
    `${output === undefined ? `the model has ${names.length} outputs` : `there is no output "${excerpt(output)}"`}; ` +
      `ask for one of ${names.join(", ")} with application/x-npy;output="<name>"`,
  );
}

/** Shapes: n predictions of shape S → `[n, ...S]`; that of a single instance S. */
function toArray(form: NpyForm, { format }: PredictRequest, predicted: PredictAnswer): Tensor {
  if (predicted.kind === "outputs") return pick(predicted.outputs, form);
  const rows = valuesOf(predicted.predictions).map((value) => toTensor(value, form));
  const [first, ...others] = rows;
  if (first === undefined) throw new ServingError("INTERNAL", "an answer without predictions; this is a bug");
  if (format === "single") return first;
  const other = others.find(
    ({ dtype, shape }) => dtype !== first.dtype || shape.join() !== first.shape.join(),
  );
  if (other === undefined) return mergeRows(rows);
  throw noArray(
    `the predictions are ${formatShape(first.shape)} and ${formatShape(other.shape)}, which is no one array; ` +
      "send images of one size, or one at a time, or ask for JSON",
  );
}

/** @throws {ServingError} the first error: there is no place for it in an array. */
function valuesOf(predictions: readonly Prediction[]): Value[] {
  return predictions.map((one) => {
    if ("error" in one) throw one.error;
    return one.value;
  });
}

function toTensor(value: Value, form: NpyForm): Tensor {
  if (isTensor(value)) return value;
  if (typeof value === "number" && Number.isInteger(value)) {
    return { dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(value)) };
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return pick(value as { readonly [name: string]: Value }, form);
  }
  throw noArray("a prediction is no array of numbers; ask for JSON");
}

function pick(values: { readonly [name: string]: Value }, { output }: NpyForm): Tensor {
  const names = Object.keys(values);
  const name = output ?? (names.length === 1 ? names[0] : undefined);
  const value = name === undefined || !Object.hasOwn(values, name) ? undefined : values[name];
  if (isTensor(value)) return value;
  throw noArray(`ask for one of ${names.join(", ")} with application/x-npy;output="<name>"`);
}

function requirePng({ inputs }: PredictRequest, signature: SignatureName, { head }: Servable): void {
  if (!offeredSignatures(head).includes("mask_png")) throw noPng("this model gives no masks");
  if (signature !== "mask_png") throw noPng(`signature "${signature}" is no picture; ask for mask_png`);
  if (inputs.kind !== "instances" || inputs.instances.length !== 1)
    throw noPng("send one image for one mask");
}

function toPng(predicted: PredictAnswer): Uint8Array {
  const [value] = predicted.kind === "predictions" ? valuesOf(predicted.predictions) : [];
  if (typeof value === "object" && value !== null && "b64" in value && typeof value.b64 === "string") {
    return Buffer.from(value.b64, "base64");
  }
  throw new ServingError("INTERNAL", "signature mask_png gave no picture; this is a bug");
}

function noArray(reason: string): ServingError {
  return new ServingError("NOT_ACCEPTABLE", `application/x-npy: ${reason}`);
}

function noPng(reason: string): ServingError {
  return new ServingError("NOT_ACCEPTABLE", `image/png: ${reason}`);
}
