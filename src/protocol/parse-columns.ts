import { ServingError } from "../errors.ts";
import { fitsSpec, formatShape, type Tensor, type TensorSpec } from "../tensor/tensor.ts";
import { exactBody } from "./exact-json.ts";
import { isBase64Object, isJsonObject } from "./json-object.ts";
import { readImage } from "./parse-image.ts";
import { checkCount, type ParseOptions } from "./parse-instances.ts";
import type { Envelope } from "./parse-json.ts";
import type { Instance, ModelInputs, PredictRequest } from "./predict-request.ts";
import { quoteJson } from "./quote-json.ts";
import { isArrayObject } from "./read-array.ts";
import { readTensor } from "./read-tensor.ts";

/**
 * Returns what `inputs` holds: a list of images for a model that takes them, else one tensor for each
 * input, each with its own first dimension. Extra names are ignored.
 *
 * @throws {ServingError} INVALID_ARGUMENT, INVALID_BASE64 when a tensor cannot be read or does not fit the
 * model, and, with batching "rows", when the tensors differ in rows or have none; TOO_MANY_INSTANCES past
 * `maxInstances` rows
 * @see tensorflow/serving `util/json_tensor.cc` FillTensorMapFromInputsMap
 */
export function parseColumns(
  envelope: Envelope,
  model: ModelInputs,
  { maxInstances, payloads }: ParseOptions,
): PredictRequest["inputs"] {
  const images = findImages(envelope.body.inputs, model);
  if (images !== undefined) {
    checkCount(images.list.length, images.where, maxInstances);
    const read = (value: unknown, index: number) =>
      readColumnImage(value, index, { where: images.where, payloads });
    return { kind: "instances", instances: images.list.map(read) };
  }
  const tensors = readTensors(exactBody(envelope, model).inputs, model.inputs);
  for (const [spec, tensor] of tensors) checkFit(spec, tensor, model.batching);
  if (model.batching === "rows") checkRows(tensors, maxInstances);
  return {
    kind: "tensors",
    tensors: Object.fromEntries(tensors.map(([spec, tensor]) => [spec.name, tensor])),
  };
}

interface ImageList {
  readonly list: readonly unknown[];
  readonly where: string;
}

/** Returns the list of encoded images, or undefined where `inputs` holds tensors. */
function findImages(inputs: unknown, { imageInput }: ModelInputs): ImageList | undefined {
  if (imageInput === undefined) return undefined;
  let [value, where] = [inputs, "inputs"];
  if (isJsonObject(inputs) && !isBase64Object(inputs) && !isArrayObject(inputs)) {
    const name = Object.hasOwn(inputs, "image_bytes") ? "image_bytes" : imageInput;
    if (!Object.hasOwn(inputs, name)) {
      throw invalid(`Missing named input: ${imageInput} in 'inputs' object.`);
    }
    [value, where] = [inputs[name], `inputs.${name}`];
  }
  const first = Array.isArray(value) ? value[0] : undefined;
  if (Array.isArray(value) && (isJsonObject(first) || typeof first === "string")) {
    return { list: value, where };
  }
  if (Array.isArray(first) && (where === "inputs" || where === `inputs.${imageInput}`)) return undefined;
  throw invalid(`${where}: expected a list of {"b64": "<base64>"}, got ${quoteJson(value)}`);
}

function readColumnImage(
  value: unknown,
  index: number,
  { where, payloads }: Pick<ParseOptions, "payloads"> & { readonly where: string },
): Instance {
  try {
    return { kind: "image", ...readImage(value, `${where}[${index}]`, { dialect: "tfs", payloads }) };
  } catch (error) {
    if (!(error instanceof ServingError)) throw error;
    return { kind: "bad", error: new ServingError(error.code, error.message, { instance: index }) };
  }
}

function readTensors(inputs: unknown, specs: readonly TensorSpec[]): [TensorSpec, Tensor][] {
  if (isJsonObject(inputs) && !isBase64Object(inputs)) {
    return specs.map((spec) => {
      if (!Object.hasOwn(inputs, spec.name)) {
        throw invalid(`Missing named input: ${spec.name} in 'inputs' object.`);
      }
      return [spec, readTensor(inputs[spec.name], spec.dtype, `inputs.${spec.name}`)];
    });
  }
  const [spec, other] = specs;
  if (spec === undefined || other !== undefined) {
    throw invalid(
      "inputs is a plain value/list, but expecting an object as multiple input tensors required as per " +
        "tensorinfo_map",
    );
  }
  return [[spec, readTensor(inputs, spec.dtype, "inputs")]];
}

/**
 * With batching "rows" axis 0 is the batch, whatever size the graph declares.
 *
 * @throws {ServingError} INVALID_ARGUMENT when the tensor is not of the declared shape
 */
export function checkFit(
  spec: TensorSpec,
  { shape }: Pick<Tensor, "shape">,
  batching: ModelInputs["batching"],
): void {
  const declared = batching === "rows" ? ["N", ...spec.shape.slice(1)] : spec.shape;
  if (fitsSpec(shape, declared)) return;
  throw invalid(`input '${spec.name}': expected shape ${formatShape(declared)}, got ${formatShape(shape)}`);
}

/** @throws {ServingError} INVALID_ARGUMENT when the tensors differ in rows or have none; TOO_MANY_INSTANCES past `maxInstances` */
export function checkRows(
  tensors: readonly (readonly [TensorSpec, Pick<Tensor, "shape">])[],
  maxInstances: number,
): void {
  const counts = new Set(tensors.map(([, tensor]) => tensor.shape[0] ?? 0));
  if (counts.size > 1) throw invalid("Batching Run() input tensors must have equal 0th-dimension size");
  const count = Math.max(...counts);
  if (count === 0) throw invalid("inputs: expected at least one row, got none");
  checkCount(count, "inputs", maxInstances);
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
