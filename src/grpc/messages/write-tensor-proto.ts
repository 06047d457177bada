import type { AnswerTensor } from "../../tensor/answer-tensor.ts";
import type { TensorData } from "../../tensor/dtype.ts";
import type { Dimension } from "../../tensor/tensor.ts";
import { MessageWriter } from "../wire/message-writer.ts";
import { FIELD_OF } from "./tensor-field.ts";
import { DATA_TYPE_OF } from "./tf-data-type.ts";

/** Returns a `tensorflow.TensorProto` with its elements one by one, as TensorFlow Serving answers. */
export function writeTensorProto({ dtype, shape, data }: AnswerTensor): MessageWriter {
  const isText = dtype === "string" || dtype === "bytes";
  const message = new MessageWriter()
    .integer(1, DATA_TYPE_OF[isText ? "string" : dtype])
    .message(2, writeShape(shape));
  if (!isText) return message.packed(FIELD_OF[dtype], data as Exclude<TensorData, string[]>);
  for (const element of data as readonly (string | Uint8Array)[]) {
    message.bytes(8, typeof element === "string" ? Buffer.from(element, "utf8") : element);
  }
  return message;
}

/** Returns a `tensorflow.TensorShapeProto`: -1 for a size that is not known; without `shape`, of unknown rank. */
export function writeShape(shape: readonly Dimension[] | undefined): MessageWriter {
  const message = new MessageWriter();
  if (shape === undefined) return message.bool(3, true);
  for (const size of shape) {
    message.message(2, new MessageWriter().integer(1, typeof size === "number" ? size : -1));
  }
  return message;
}
