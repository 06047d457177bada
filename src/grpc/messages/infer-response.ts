import { DATATYPE_OF } from "../../protocol/open-inference-datatype.ts";
import { writeRawTensor } from "../../protocol/raw-tensor.ts";
import type { AnswerTensor } from "../../tensor/answer-tensor.ts";
import { MessageWriter } from "../wire/message-writer.ts";
import { writeContents } from "./infer-contents.ts";

/** An answer to an inference request. */
export interface InferAnswer {
  readonly modelName: string;
  readonly modelVersion: string;
  /** That of the request. */
  readonly id: string | undefined;
  readonly outputs: readonly (readonly [name: string, tensor: AnswerTensor])[];
  /** Whether the tensors are wanted as bytes. */
  readonly isRaw: boolean;
}

/**
 * Returns an `inference.ModelInferResponse`. All of its tensors are bytes where half-precision numbers are among them,
 * whatever is wanted.
 */
export function writeInfer({ modelName, modelVersion, id, outputs, isRaw }: InferAnswer): Buffer {
  const message = new MessageWriter()
    .text(1, modelName)
    .text(2, modelVersion)
    .text(3, id ?? "");
  const isBytes = isRaw || outputs.some(([, { dtype }]) => dtype === "float16");
  for (const [name, tensor] of outputs) {
    const datatype = tensor.dtype === "bytes" ? "BYTES" : DATATYPE_OF[tensor.dtype];
    const output = new MessageWriter()
      .text(1, name)
      .text(2, datatype)
      .packed(3, BigInt64Array.from(tensor.shape, BigInt));
    const contents = isBytes ? undefined : writeContents(tensor);
    message.message(5, contents === undefined ? output : output.message(5, contents));
  }
  if (isBytes) for (const [, tensor] of outputs) message.bytes(6, writeRawTensor(tensor));
  return message.finish();
}
