import { excerpt, ServingError } from "../../errors.ts";
import type { TensorMetadata } from "../../protocol/tfs-metadata.ts";
import type { Servable } from "../../servable.ts";
import { describeSignature } from "../../signature/describe-signature.ts";
import { offeredSignatures } from "../../signature/head.ts";
import { MessageReader } from "../wire/message-reader.ts";
import { MessageWriter } from "../wire/message-writer.ts";
import { type ModelSpec, readModelSpec, requireModelSpec, writeModelSpec } from "./model-spec.ts";
import { DATA_TYPE_OF } from "./tf-data-type.ts";
import { writeShape } from "./write-tensor-proto.ts";

/** The one field that TensorFlow Serving knows. */
const SIGNATURE_DEF = "signature_def";

/**
 * Returns what a `tensorflow.serving.GetModelMetadataRequest` asks for.
 *
 * @throws {ServingError} INVALID_ARGUMENT in TensorFlow Serving's words when it names no field of the metadata, or an
 * unknown one.
 * @see tensorflow/serving `servables/tensorflow/get_model_metadata_impl.cc`
 */
export function readMetadataRequest(bytes: Buffer): ModelSpec {
  const reader = new MessageReader(bytes);
  let spec: ModelSpec | undefined;
  const fields: string[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) spec = readModelSpec(reader.message());
    else if (field === 2) fields.push(reader.text());
  }
  if (fields.length === 0) {
    throw invalid("GetModelMetadataRequest must specify at least one metadata_field");
  }
  const stray = fields.find((name) => name !== SIGNATURE_DEF);
  if (stray !== undefined) throw invalid(`Metadata field ${excerpt(stray)} is not supported`);
  return requireModelSpec(spec);
}

/**
 * Returns a `tensorflow.serving.GetModelMetadataResponse` with all signatures. An input of encoded images is described
 * as strings.
 *
 * @see tensorflow/serving `apis/get_model_metadata.proto`; tensorflow `core/protobuf/meta_graph.proto` SignatureDef
 */
export function writeModelMetadata({ name, version, head, info, modelInputs, preprocess }: Servable): Buffer {
  // What takes no encoded image keeps its own type.
  const imageInput = preprocess?.color === "bands" ? undefined : modelInputs.imageInput;
  const inputs = info.inputs.map(
    (input): TensorMetadata =>
      input.name === imageInput ? { name: input.name, dtype: "string", shape: ["N"] } : input,
  );
  const signatures = new MessageWriter();
  for (const signature of offeredSignatures(head)) {
    const definition = new MessageWriter();
    for (const input of inputs) definition.entry(1, input.name, tensorInfo(input));
    for (const output of describeSignature(signature, head, info.outputs)) {
      definition.entry(2, output.name, tensorInfo(output));
    }
    signatures.entry(1, signature, definition.text(3, "tensorflow/serving/predict"));
  }
  const any = new MessageWriter()
    .text(1, "type.googleapis.com/tensorflow.serving.SignatureDefMap")
    .bytes(2, signatures.finish());
  return new MessageWriter()
    .message(1, writeModelSpec({ name, version }))
    .entry(2, SIGNATURE_DEF, any)
    .finish();
}

function tensorInfo({ name, dtype, shape }: TensorMetadata): MessageWriter {
  return new MessageWriter().text(1, name).integer(2, DATA_TYPE_OF[dtype]).message(3, writeShape(shape));
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
