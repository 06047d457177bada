import type { DType } from "../tensor/dtype.ts";

const NAMES: Partial<Record<DType, string>> = { float32: "float", float64: "double", float16: "half" };

/** Returns TensorFlow's name for a type, as its messages write it. @see tensorflow `DataTypeString` */
export function tfDTypeName(dtype: DType): string {
  return NAMES[dtype] ?? dtype;
}
