import type { DType } from "../../tensor/dtype.ts";

/** The field of a `tensorflow.TensorProto` that holds the elements of each type; float16 as its bits. @see tensorflow `core/framework/tensor.proto` */
export const FIELD_OF: Readonly<Record<Exclude<DType, "string">, 5 | 6 | 7 | 10 | 11 | 13 | 16 | 17>> = {
  float32: 5,
  float64: 6,
  float16: 13,
  int8: 7,
  int16: 7,
  int32: 7,
  int64: 10,
  uint8: 7,
  uint16: 7,
  uint32: 16,
  uint64: 17,
  bool: 11,
};
