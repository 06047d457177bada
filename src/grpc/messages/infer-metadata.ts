import type { Value } from "../../tensor/value.ts";
import { MessageWriter } from "../wire/message-writer.ts";

/** What of the metadata object has a place in the message. */
interface Metadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/**
 * Returns an `inference.ModelMetadataResponse`.
 *
 * @param metadata what `openInferenceMetadata` gave
 */
export function writeInferMetadata(metadata: Value): Buffer {
  const { name, versions, platform, inputs, outputs } = metadata as unknown as Metadata;
  const message = new MessageWriter().text(1, name);
  for (const version of versions) message.text(2, version);
  message.text(3, platform);
  for (const input of inputs) message.message(4, writeTensor(input));
  for (const output of outputs) message.message(5, writeTensor(output));
  return message.finish();
}

function writeTensor({ name, datatype, shape }: TensorMetadata): MessageWriter {
  return new MessageWriter().text(1, name).text(2, datatype).packed(3, BigInt64Array.from(shape, BigInt));
}
