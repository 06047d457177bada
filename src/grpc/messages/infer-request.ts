import { ServingError } from "../../errors.ts";
import type { JsonObject } from "../../protocol/json-object.ts";
import {
  type InferenceInput,
  type InferenceRequest,
  parseOpenInference,
} from "../../protocol/parse-open-inference.ts";
import type { Json } from "../../protocol/predict-request.ts";
import { MessageReader } from "../wire/message-reader.ts";
import { readPacked } from "../wire/packed-numbers.ts";
import { type InferContents, readContents, toRawBytes } from "./infer-contents.ts";

/** An `inference.ModelInferRequest`. */
export interface InferMessage extends InferenceRequest {
  readonly name: string;
  /** Empty: the highest that answers. */
  readonly version: string;
  /** Whether its tensors are bytes, as those of the answer will be. */
  readonly isRaw: boolean;
}

/**
 * Returns what a message says, as far as that goes without the model; the bytes of its tensors are views of it.
 *
 * @throws {ServingError} INVALID_ARGUMENT when it can't be read, or its tensors are neither all in
 * `raw_input_contents` nor all in `contents`.
 * @see https://github.com/kserve/open-inference-protocol `specification/protocol/open_inference_grpc.proto`
 */
export function readInfer(bytes: Buffer): InferMessage {
  const reader = new MessageReader(bytes);
  let [name, version, id] = ["", "", ""];
  let parameters: Record<string, Json> = {};
  const tensors: TensorHead[] = [];
  const outputs: JsonObject[] = [];
  const raw: Buffer[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = reader.text();
    else if (field === 2) version = reader.text();
    else if (field === 3) id = reader.text();
    else if (field === 4) parameters = { ...parameters, ...readParameter(reader.message()) };
    else if (field === 5) tensors.push(readTensor(reader.message(), `inputs[${tensors.length}]`));
    else if (field === 6) outputs.push(readOutput(reader.message()));
    else if (field === 7) raw.push(reader.bytes());
  }
  const body = { ...(id === "" ? {} : { id }), inputs: [], outputs };
  // All but the tensors is as in JSON.
  const request = parseOpenInference({ body, parameters, text: "" }, new Uint8Array());
  return { ...request, name, version, inputs: withContents(tensors, raw), isRaw: raw.length > 0 };
}

type TensorHead = Omit<InferenceInput, "content"> & { readonly contents: InferContents | undefined };

function withContents(tensors: readonly TensorHead[], raw: readonly Buffer[]): InferenceInput[] {
  if (raw.length > 0 && raw.length !== tensors.length) {
    throw invalid(`raw_input_contents: expected one for each of ${tensors.length} inputs, got ${raw.length}`);
  }
  return tensors.map(({ contents, ...head }, i) => {
    const bytes = raw[i];
    if (bytes === undefined) {
      return { ...head, content: { kind: "binary", bytes: toRawBytes(contents, head) } };
    }
    if (contents === undefined) return { ...head, content: { kind: "binary", bytes } };
    throw invalid(`${head.where}: expected either contents or raw_input_contents, got both`);
  });
}

function readTensor(reader: MessageReader, where: string): TensorHead {
  let [name, datatype] = ["", ""];
  let parameters: JsonObject = {};
  let contents: InferContents | undefined;
  const sizes: Buffer[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = reader.text();
    else if (field === 2) datatype = reader.text();
    else if (field === 3) sizes.push(reader.elements("varint"));
    else if (field === 4) parameters = { ...parameters, ...readParameter(reader.message()) };
    else if (field === 5) contents = readContents(reader.message());
  }
  if (Object.hasOwn(parameters, "shared_memory_region")) {
    throw invalid(`${where}: shared memory is not supported; send the data`);
  }
  return { name, datatype, shape: readShape(sizes, where), parameters, contents, where };
}

/** ONNX Runtime stops far below. */
const MAX_RANK = 64;

function readShape(chunks: readonly Buffer[], where: string): number[] {
  if (chunks.reduce((sum, { length }) => sum + length, 0) > MAX_RANK * 10) {
    throw invalid(`${where}.shape: expected at most ${MAX_RANK} sizes`);
  }
  const shape = Array.from(readPacked("int64", chunks) as BigInt64Array, Number);
  if (shape.every((size) => Number.isSafeInteger(size) && size >= 0)) return shape;
  throw invalid(`${where}.shape: expected sizes, got [${shape.join(", ")}]`);
}

function readOutput(reader: MessageReader): JsonObject {
  let name = "";
  let parameters: JsonObject = {};
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = reader.text();
    else if (field === 2) parameters = { ...parameters, ...readParameter(reader.message()) };
  }
  return { name, parameters };
}

/** Reads an entry of a map of InferParameter. */
function readParameter(entry: MessageReader): Record<string, Json> {
  let key = "";
  let value: Json = null;
  for (let field = entry.next(); field !== 0; field = entry.next()) {
    if (field === 1) key = entry.text();
    else if (field === 2) value = readValue(entry.message());
  }
  return Object.fromEntries([[key, value]]);
}

function readValue(reader: MessageReader): Json {
  let value: Json = null;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) value = reader.bool();
    else if (field === 2) value = Number(reader.integer());
    else if (field === 3) value = reader.text();
    else if (field === 4) value = reader.double();
    else if (field === 5) value = Number(BigInt.asUintN(64, reader.integer()));
  }
  return value;
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
