import { ServingError } from "../../errors.ts";
import type { AskedModel } from "../../serving/model-directory.ts";
import type { MessageReader } from "../wire/message-reader.ts";
import { MessageWriter } from "../wire/message-writer.ts";

/** What a request of TensorFlow Serving's names. */
export interface ModelSpec {
  readonly asked: AskedModel;
  /** Absent: the default. */
  readonly signatureName?: string;
}

/**
 * Returns what a `tensorflow.serving.ModelSpec` names.
 *
 * @throws {ServingError} INVALID_ARGUMENT when it can't be read.
 */
export function readModelSpec(reader: MessageReader): ModelSpec {
  let name = "";
  let signatureName = "";
  // Of the two choices the last one counts, as protobuf has it.
  let choice: Pick<AskedModel, "version" | "label"> = {};
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = reader.text();
    else if (field === 2) choice = { version: readInt64Value(reader.message()) };
    else if (field === 3) signatureName = reader.text();
    else if (field === 4) choice = { label: reader.text() };
  }
  return { asked: { name, ...choice }, ...(signatureName === "" ? {} : { signatureName }) };
}

/** @throws {ServingError} INVALID_ARGUMENT when a request names no model: those of TensorFlow Serving must. */
export function requireModelSpec(spec: ModelSpec | undefined): ModelSpec {
  if (spec === undefined) throw new ServingError("INVALID_ARGUMENT", "Missing ModelSpec");
  if (spec.asked.name !== "") return spec;
  throw new ServingError("INVALID_ARGUMENT", "model_spec.name: expected the name of a model, got none");
}

/** Returns the `ModelSpec` of an answer. */
export function writeModelSpec(model: {
  readonly name: string;
  readonly version: number;
  readonly signatureName?: string;
}): MessageWriter {
  return new MessageWriter()
    .text(1, model.name)
    .message(2, new MessageWriter().integer(1, model.version))
    .text(3, model.signatureName ?? "");
}

/** @see protobuf `wrappers.proto` Int64Value */
function readInt64Value(reader: MessageReader): bigint {
  let value = 0n;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) value = reader.integer();
  }
  return value;
}
