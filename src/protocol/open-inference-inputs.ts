import { excerpt, ServingError } from "../errors.ts";
import { ARRAY_DTYPES, ARRAY_LAYOUTS, type ArrayFormat, isArrayShape } from "../tensor/array-format.ts";
import type { DType } from "../tensor/dtype.ts";
import { fitsSpec, formatShape, type Tensor, type TensorSpec } from "../tensor/tensor.ts";
import { decodeBase64 } from "./base64.ts";
import { DATATYPE_OF, findDatatype } from "./open-inference-datatype.ts";
import { checkFit, checkRows } from "./parse-columns.ts";
import { readImage } from "./parse-image.ts";
import { checkCount, type ParseOptions } from "./parse-instances.ts";
import type { InferenceInput } from "./parse-open-inference.ts";
import type { ImageSource, Instance, ModelInputs, PredictRequest } from "./predict-request.ts";
import { quoteJson } from "./quote-json.ts";
import { readRawElements, readRawTensor, writeRawTensor } from "./raw-tensor.ts";
import { flatten, readFlatTensor } from "./read-flat-tensor.ts";

/**
 * Returns what the inputs of an inference request hold: images, or one tensor for each input of the model.
 *
 * Shapes: encoded images are BYTES `[n]` or `[n, 1]`, in JSON as base64. Arrays of pixels are `[n, h, w, bands]`,
 * `[n, bands, h, w]` or `[n, h, w]`: UINT8 where that is not the tensor that the model takes, or any type with `layout`
 * in the input's parameters.
 *
 * @throws {ServingError} INVALID_ARGUMENT when a name, type, shape or the data does not fit the model;
 * TOO_MANY_INSTANCES past `maxInstances`
 */
export function openInferenceInputs(
  inputs: readonly InferenceInput[],
  model: ModelInputs,
  options: ParseOptions,
): PredictRequest["inputs"] {
  const given = byName(inputs, model);
  const [image, spec] = [given[0], model.inputs[0]];
  if (model.imageInput !== undefined && image !== undefined && spec !== undefined) {
    const instances = readImages(image, spec, { ...options, batching: model.batching });
    if (instances !== undefined) return { kind: "instances", instances };
  }
  const tensors = given.map((input, i) => {
    const declared = model.inputs[i] as TensorSpec;
    requireType(input, [DATATYPE_OF[declared.dtype], ...(model.imageInput === undefined ? [] : ["BYTES"])]);
    // Before they are read: a row may be an empty string.
    if (model.batching === "rows") checkCount(input.shape[0] ?? 0, input.where, options.maxInstances);
    const tensor = readTensor(input, declared.dtype);
    checkFit(declared, tensor, model.batching);
    return [declared, tensor] as [TensorSpec, Tensor];
  });
  if (model.batching === "rows") checkRows(tensors, options.maxInstances);
  return {
    kind: "tensors",
    tensors: Object.fromEntries(tensors.map(([{ name }, tensor]) => [name, tensor])),
  };
}

/** Order: that of the model. */
function byName(inputs: readonly InferenceInput[], { inputs: specs }: ModelInputs): InferenceInput[] {
  const names = specs.map(({ name }) => name);
  for (const [i, { name, where }] of inputs.entries()) {
    if (!names.includes(name)) {
      throw invalid(`${where}: there is no input '${excerpt(name)}'; the model takes ${names.join(", ")}`);
    }
    if (inputs.findIndex((input) => input.name === name) < i) {
      throw invalid(`${where}: input '${excerpt(name)}' comes twice`);
    }
  }
  return names.map((name) => {
    const input = inputs.find((one) => one.name === name);
    if (input === undefined) throw invalid(`inputs: expected input '${name}', got none`);
    return input;
  });
}

/** Returns undefined where the input is the tensor that the model itself takes. */
function readImages(
  input: InferenceInput,
  spec: TensorSpec,
  options: ParseOptions & Pick<ModelInputs, "batching">,
): Instance[] | undefined {
  if (input.datatype === "BYTES") return readEncoded(input, options);
  const hasLayout = Object.hasOwn(input.parameters, "layout");
  const declared = options.batching === "rows" ? ["N", ...spec.shape.slice(1)] : spec.shape;
  const isOwn = input.datatype === DATATYPE_OF[spec.dtype] && fitsSpec(input.shape, declared);
  return hasLayout || (input.datatype === "UINT8" && !isOwn) ? readArrays(input, options) : undefined;
}

/** What is wrong with one image makes that one bad. */
function readEncoded(input: InferenceInput, { maxInstances, payloads }: ParseOptions): Instance[] {
  const { shape, where, content } = input;
  const [count = 0, one = 1] = shape;
  if (shape.length === 0 || shape.length > 2 || one !== 1 || count === 0) {
    throw invalid(`${where}: expected images [n] or [n, 1], got ${excerpt(formatShape(shape))}`);
  }
  checkCount(count, where, maxInstances);
  if (content.kind === "binary") {
    const elements = readRawElements(content.bytes, count, where);
    if (input.parameters.content_type !== "base64")
      return elements.map((bytes) => ({ kind: "image", bytes }));
    return readEach(elements, (bytes, index) => ({
      bytes: decodeBase64(Buffer.from(bytes.buffer).toString("latin1"), `${where}, element ${index}`),
    }));
  }
  return readEach(flatten(content.data, shape, where), (value, index) =>
    readImage(value, `${where}.data[${index}]`, { dialect: "analyze", payloads }),
  );
}

function readEach<Element>(
  elements: readonly Element[],
  read: (element: Element, index: number) => ImageSource,
): Instance[] {
  return elements.map((element, index) => {
    try {
      return { kind: "image", ...read(element, index) };
    } catch (error) {
      if (!(error instanceof ServingError)) throw error;
      return { kind: "bad", error: new ServingError(error.code, error.message, { instance: index }) };
    }
  });
}

function readArrays(input: InferenceInput, { maxInstances }: ParseOptions): Instance[] {
  const { shape, where, parameters } = input;
  const [count = 0, ...size] = shape;
  if (count === 0 || !isArrayShape(size)) {
    const forms = "[n, height, width, bands], [n, bands, height, width] or [n, height, width]";
    throw invalid(`${where}: expected arrays of pixels ${forms}, got ${excerpt(formatShape(shape))}`);
  }
  checkCount(count, where, maxInstances);
  const layout = ARRAY_LAYOUTS.find((one) => one === parameters.layout);
  if (layout === undefined && parameters.layout !== undefined) {
    const got = quoteJson(parameters.layout);
    throw invalid(`${where}.parameters.layout: expected ${ARRAY_LAYOUTS.join(" or ")}, got ${got}`);
  }
  requireType(
    input,
    ARRAY_DTYPES.map((dtype) => DATATYPE_OF[dtype]),
  );
  const dtype = findDatatype(input.datatype) as ArrayFormat["dtype"];
  const bytes = writeRawTensor(readTensor(input, dtype));
  const array = { dtype, shape: size, ...(layout === undefined ? {} : { layout }) };
  const itemBytes = bytes.length / count;
  return Array.from({ length: count }, (_, i) => ({
    kind: "image",
    bytes: new Uint8Array(bytes.subarray(i * itemBytes, (i + 1) * itemBytes)),
    array,
  }));
}

function requireType({ datatype, where }: InferenceInput, types: readonly string[]): void {
  if (types.includes(datatype)) return;
  throw invalid(`${where}.datatype: expected ${types.join(" or ")}, got ${quoteJson(datatype)}`);
}

function readTensor({ content, shape, where }: InferenceInput, dtype: DType): Tensor {
  return content.kind === "binary"
    ? readRawTensor({ bytes: content.bytes, dtype, shape, where })
    : readFlatTensor(content, { dtype, shape, where });
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
