import type { AnswerTensor } from "../tensor/answer-tensor.ts";
import type { Answer } from "./answer.ts";
import { DATATYPE_OF } from "./open-inference-datatype.ts";
import { writeRawTensor } from "./raw-tensor.ts";
import { writeJsonText } from "./write-json.ts";

/** An answer to an inference request. */
export interface InferenceAnswer {
  readonly modelName: string;
  readonly modelVersion: string;
  /** That of the request. */
  readonly id: string | undefined;
  readonly outputs: readonly InferenceOutput[];
}

interface InferenceOutput {
  readonly name: string;
  readonly tensor: AnswerTensor;
  /** Whether it stands behind the JSON, not in it. */
  readonly isBinary: boolean;
}

/** A body: JSON, or JSON of `jsonBytes` with tensors behind it. */
export type WrittenInference =
  | { readonly json: Answer }
  | { readonly bytes: Uint8Array; readonly jsonBytes: number };

/**
 * Returns the body of an answer. Numbers in it are flat and in row-major order; bytes that are no text, such as a PNG,
 * are base64, and the output's `content_type` says so.
 *
 * @see https://github.com/kserve/open-inference-protocol `specification/protocol/inference_rest.md` Inference Response
 * @see triton-inference-server/server `docs/protocol/extension_binary_data.md`
 */
export function writeOpenInference({
  modelName,
  modelVersion,
  id,
  outputs,
}: InferenceAnswer): WrittenInference {
  const binaries = outputs.flatMap(({ tensor, isBinary }) => (isBinary ? [writeRawTensor(tensor)] : []));
  let next = 0;
  const described = outputs.map(({ name, tensor, isBinary }) => ({
    name,
    datatype: tensor.dtype === "bytes" ? "BYTES" : DATATYPE_OF[tensor.dtype],
    shape: [...tensor.shape],
    ...(isBinary ? { parameters: { binary_data_size: binaries[next++]?.length ?? 0 } } : writeData(tensor)),
  }));
  const json = {
    model_name: modelName,
    model_version: modelVersion,
    ...(id === undefined ? {} : { id }),
    outputs: described,
  };
  if (binaries.length === 0) return { json };
  const header = Buffer.from(writeJsonText(json), "utf8");
  return { bytes: Buffer.concat([header, ...binaries]), jsonBytes: header.length };
}

function writeData(tensor: AnswerTensor): { readonly [key: string]: Answer } {
  if (tensor.dtype !== "bytes") return { data: { ...tensor, shape: [tensor.data.length] } };
  const data = tensor.data.map((bytes) => Buffer.from(bytes).toString("base64"));
  return { parameters: { content_type: "base64" }, data };
}
