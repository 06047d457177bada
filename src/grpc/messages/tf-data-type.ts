import { DTYPES, type DType } from "../../tensor/dtype.ts";

/** TensorFlow's number of each type. @see tensorflow `core/framework/types.proto` DataType */
export const DATA_TYPE_OF: Readonly<Record<DType, number>> = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  int64: 9,
  bool: 10,
  uint16: 17,
  float16: 19,
  uint32: 22,
  uint64: 23,
};

/** Returns the type that a number stands for; undefined for one that the server can't hold, such as bfloat16. */
export function findDataType(number: number): DType | undefined {
  return DTYPES.find((dtype) => DATA_TYPE_OF[dtype] === number);
}
