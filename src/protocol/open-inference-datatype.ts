import { DTYPES, type DType } from "../tensor/dtype.ts";

/**
 * The Open Inference Protocol's name of each type.
 *
 * @see https://github.com/kserve/open-inference-protocol `specification/protocol/inference_rest.md` Tensor Data Types
 */
export const DATATYPE_OF: Readonly<Record<DType, string>> = {
  float32: "FP32",
  float64: "FP64",
  float16: "FP16",
  int8: "INT8",
  int16: "INT16",
  int32: "INT32",
  int64: "INT64",
  uint8: "UINT8",
  uint16: "UINT16",
  uint32: "UINT32",
  uint64: "UINT64",
  bool: "BOOL",
  string: "BYTES",
};

/** Returns the type that a name of the protocol stands for; undefined for BF16 and what is none. */
export function findDatatype(name: string): DType | undefined {
  return DTYPES.find((dtype) => DATATYPE_OF[dtype] === name);
}
