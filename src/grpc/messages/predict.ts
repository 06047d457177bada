import { excerpt, ServingError } from "../../errors.ts";
import { checkFit, checkRows } from "../../protocol/parse-columns.ts";
import { checkCount } from "../../protocol/parse-instances.ts";
import type { Instance, ModelInputs, PredictRequest } from "../../protocol/predict-request.ts";
import type { AnswerTensors } from "../../tensor/answer-tensor.ts";
import { allocate, type DType } from "../../tensor/dtype.ts";
import { elementCount, formatShape, type TensorSpec } from "../../tensor/tensor.ts";
import { MessageReader } from "../wire/message-reader.ts";
import { MessageWriter } from "../wire/message-writer.ts";
import { type ModelSpec, readModelSpec } from "./model-spec.ts";
import { readTensorProto, type TensorProto, tensorStrings, toTensor } from "./read-tensor-proto.ts";
import { writeTensorProto } from "./write-tensor-proto.ts";

/** A `tensorflow.serving.PredictRequest`, its tensors still as they came. */
export interface PredictMessage {
  readonly spec: ModelSpec | undefined;
  readonly inputs: ReadonlyMap<string, TensorProto>;
  /** Empty: all outputs. */
  readonly outputFilter: readonly string[];
}

/**
 * Returns what a message says, as far as that goes without the model.
 *
 * @throws {ServingError} INVALID_ARGUMENT when it can't be read.
 * @see tensorflow/serving `apis/predict.proto`
 */
export function readPredict(bytes: Buffer): PredictMessage {
  const reader = new MessageReader(bytes);
  let spec: ModelSpec | undefined;
  const inputs = new Map<string, TensorProto>();
  const outputFilter: string[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) spec = readModelSpec(reader.message());
    else if (field === 2) inputs.set(...readInput(reader.message()));
    else if (field === 3) outputFilter.push(reader.text());
  }
  return { spec, inputs, outputFilter };
}

function readInput(entry: MessageReader): [string, TensorProto] {
  let name = "";
  let value: MessageReader | undefined;
  for (let field = entry.next(); field !== 0; field = entry.next()) {
    if (field === 1) name = entry.text();
    else if (field === 2) value = entry.message();
  }
  const where = `inputs['${excerpt(name)}']`;
  if (value === undefined) throw invalid(`${where}: expected a tensor, got none`);
  return [name, readTensorProto(value, where)];
}

export interface InputLimits {
  readonly maxInstances: number;
  /** Of all tensors, in memory: a tensor may say its last element once for many. */
  readonly maxBytes: number;
}

/**
 * Returns the inputs of a request: encoded images where a model of images gets strings, under its input's name or
 * `image_bytes`, else one tensor for each input of the model.
 *
 * Shapes: encoded images are `[n]`, `[n, 1]` or, one of them, `[]`.
 *
 * @throws {ServingError} INVALID_ARGUMENT when a name, type, shape or the elements do not fit the model;
 * TOO_MANY_INSTANCES past `maxInstances`; BODY_TOO_LARGE past `maxBytes`.
 */
export function predictInputs(
  inputs: ReadonlyMap<string, TensorProto>,
  model: ModelInputs,
  limits: InputLimits,
): PredictRequest["inputs"] {
  const { imageInput } = model;
  const names = imageInput === undefined ? [] : [imageInput, "image_bytes"];
  const imageName = names.find((name) => inputs.get(name)?.dtype === "string");
  const specs = imageName === undefined ? model.inputs : [{ name: imageName }];
  checkNames(
    [...inputs.keys()],
    specs.map(({ name }) => name),
  );
  const images = imageName === undefined ? undefined : inputs.get(imageName);
  if (images !== undefined) {
    return { kind: "instances", instances: readImages(images, `inputs['${imageName}']`, limits) };
  }
  return { kind: "tensors", tensors: readTensors(inputs, model, limits) };
}

function checkNames(given: readonly string[], expected: readonly string[]): void {
  const list = expected.map((name) => `'${name}'`).join(", ");
  const stray = given.find((name) => !expected.includes(name));
  if (stray !== undefined) throw invalid(`inputs: there is no input '${excerpt(stray)}'; expected ${list}`);
  const missing = expected.find((name) => !given.includes(name));
  if (missing !== undefined) throw invalid(`inputs: expected ${list}; '${missing}' is missing`);
}

function readImages(proto: TensorProto, where: string, { maxInstances }: InputLimits): Instance[] {
  const [count = 1, one = 1] = proto.shape;
  if (proto.shape.length > 2 || one !== 1 || count === 0) {
    throw invalid(`${where}: expected encoded images [n], got strings ${formatShape(proto.shape)}`);
  }
  checkCount(count, where, maxInstances);
  return tensorStrings(proto, count, where).map((bytes) => ({ kind: "image", bytes: new Uint8Array(bytes) }));
}

function readTensors(
  inputs: ReadonlyMap<string, TensorProto>,
  { inputs: specs, batching }: ModelInputs,
  { maxInstances, maxBytes }: InputLimits,
) {
  const columns = specs.map((spec) => [spec, inputs.get(spec.name) as TensorProto] as const);
  let bytes = 0;
  for (const [spec, proto] of columns) {
    checkType(spec, proto);
    checkFit(spec, proto, batching);
    bytes += elementCount(proto.shape) * itemBytes(proto.dtype);
  }
  if (batching === "rows") checkRows(columns, maxInstances);
  if (bytes > maxBytes) {
    const limit = `MAX_BODY_BYTES is ${maxBytes}`;
    throw new ServingError("BODY_TOO_LARGE", `inputs: tensors of ${bytes} bytes are too large (${limit})`);
  }
  return Object.fromEntries(
    columns.map(([{ name }, proto]) => [name, toTensor(proto, `inputs['${name}']`)] as const),
  );
}

function checkType({ name, dtype }: TensorSpec, proto: TensorProto): void {
  if (proto.dtype === dtype) return;
  throw invalid(`inputs['${name}']: expected a tensor of ${dtype}, got one of ${proto.dtype}`);
}

/** What a string costs besides its bytes is near 16. */
function itemBytes(dtype: DType): number {
  return dtype === "string" ? 16 : (allocate(dtype, 0) as Uint8Array).BYTES_PER_ELEMENT;
}

/**
 * Checks, before the model runs, that it gives what `output_filter` names.
 *
 * @throws {ServingError} INVALID_ARGUMENT when a name is unknown or comes twice.
 * @see tensorflow/serving `servables/tensorflow/predict_util.cc` PreProcessPrediction
 */
export function checkOutputFilter(filter: readonly string[], offered: readonly string[]): void {
  for (const [i, name] of filter.entries()) {
    if (!offered.includes(name)) {
      const known = `Outputs expected to be in the set {${offered.join(",")}}.`;
      throw invalid(`output tensor alias not found in signature: ${excerpt(name)} ${known}`);
    }
    if (filter.indexOf(name) < i) throw invalid(`duplicate output tensor alias: ${name}`);
  }
}

/** Returns a `tensorflow.serving.PredictResponse` with the outputs that `filter` names; empty, with all. */
export function writePredict(
  modelSpec: MessageWriter,
  outputs: AnswerTensors,
  filter: readonly string[],
): Buffer {
  const message = new MessageWriter();
  for (const [name, tensor] of Object.entries(outputs)) {
    if (filter.length === 0 || filter.includes(name)) message.entry(1, name, writeTensorProto(tensor));
  }
  return message.message(2, modelSpec).finish();
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
