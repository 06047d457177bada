import type { DType } from "../tensor/dtype.ts";
import type { Dimension } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";

export interface ModelMetadata {
  readonly name: string;
  readonly version: number | string;
  readonly signatures: readonly SignatureMetadata[];
  /** Name of the input that takes encoded images; it is described as strings, one for each image. */
  readonly imageInput?: string;
}

export interface SignatureMetadata {
  readonly name: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

export interface TensorMetadata {
  readonly name: string;
  readonly dtype: DType;
  /** With the batch dimension; absent: the rank is not known. */
  readonly shape?: readonly Dimension[];
}

/**
 * Returns the metadata object of a model as protobuf's JSON writes it: 64-bit integers as strings, a
 * dimension of unknown size as -1, `signature_def` twice.
 *
 * @see tensorflow/serving `apis/get_model_metadata.proto`; tensorflow `protobuf/meta_graph.proto`
 */
export function tfsMetadata({ name, version, signatures, imageInput }: ModelMetadata): Value {
  const definitions = signatures.map((signature) => [
    signature.name,
    {
      inputs: describe(signature.inputs.map((input) => (input.name === imageInput ? toImage(input) : input))),
      outputs: describe(signature.outputs),
      method_name: "tensorflow/serving/predict",
      defaults: {},
    },
  ]);
  return {
    model_spec: { name, signature_name: "", version: String(version) },
    metadata: { signature_def: { signature_def: Object.fromEntries(definitions) } },
  };
}

function toImage({ name }: TensorMetadata): TensorMetadata {
  return { name, dtype: "string", shape: ["N"] };
}

function describe(tensors: readonly TensorMetadata[]): Value {
  return Object.fromEntries(
    tensors.map(({ name, dtype, shape }) => [
      name,
      {
        dtype: DT_NAMES[dtype],
        tensor_shape: {
          dim: (shape ?? []).map((size) => ({
            size: String(typeof size === "number" ? size : -1),
            name: "",
          })),
          unknown_rank: shape === undefined,
        },
        name,
      },
    ]),
  );
}

/** @see tensorflow `core/framework/types.proto` */
const DT_NAMES: Readonly<Record<DType, string>> = {
  float32: "DT_FLOAT",
  float64: "DT_DOUBLE",
  float16: "DT_HALF",
  int8: "DT_INT8",
  int16: "DT_INT16",
  int32: "DT_INT32",
  int64: "DT_INT64",
  uint8: "DT_UINT8",
  uint16: "DT_UINT16",
  uint32: "DT_UINT32",
  uint64: "DT_UINT64",
  bool: "DT_BOOL",
  string: "DT_STRING",
};
