import { formatShape, type TensorSpec } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import { DATATYPE_OF } from "./open-inference-datatype.ts";

/** What of Triton's extensions of the protocol the server has. */
export const OPEN_INFERENCE_EXTENSIONS: readonly string[] = [
  "classification",
  "binary_tensor_data",
  "parameters",
];

export interface InferenceMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly inputs: readonly TensorSpec[];
  /** Of the signature that answers where a request names none. */
  readonly outputs: readonly TensorSpec[];
  /** Name of the input that takes encoded images. */
  readonly imageInput?: string | undefined;
  /** Whether axis 0 of every input and output counts rows, whatever size the graph declares. */
  readonly hasRows: boolean;
  /** What `parameters.signature_name` may be. */
  readonly signatures: readonly string[];
}

/**
 * Returns the metadata object of a model. An input of images is BYTES `[-1]`, and its parameters tell the tensor that
 * it takes as well; `signatures` is ours.
 *
 * @see https://github.com/kserve/open-inference-protocol `specification/protocol/inference_rest.md` Model Metadata
 */
export function openInferenceMetadata({
  name,
  versions,
  inputs,
  outputs,
  imageInput,
  hasRows,
  signatures,
}: InferenceMetadata): Value {
  return {
    name,
    versions,
    platform: "onnx_onnxv1",
    inputs: inputs.map((input) => {
      const tensor = describe(input, hasRows);
      if (input.name !== imageInput) return { name: input.name, ...tensor };
      // The protocol's parameters are scalars.
      const parameters = {
        content_type: "image",
        tensor_datatype: tensor.datatype,
        tensor_shape: formatShape(tensor.shape),
      };
      return { name: input.name, datatype: "BYTES", shape: [-1], parameters };
    }),
    outputs: outputs.map((output) => ({ name: output.name, ...describe(output, hasRows) })),
    signatures,
  };
}

function describe({ dtype, shape }: TensorSpec, hasRows: boolean): { datatype: string; shape: number[] } {
  const sizes = shape.map((size, axis) => (typeof size === "string" || (hasRows && axis === 0) ? -1 : size));
  return { datatype: DATATYPE_OF[dtype], shape: sizes };
}
