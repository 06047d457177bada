import type { DType, TensorData } from "../../../src/tensor/dtype.ts";
import { allocate } from "../../../src/tensor/dtype.ts";
import { toFloat16Bits } from "../../../src/tensor/float16.ts";
import { elementCount, type Tensor } from "../../../src/tensor/tensor.ts";
import { bytesField, type Chunks, integerField, messageField, stringField } from "./protobuf-writer.ts";

/** A tensor that lives in the model under a name. */
export interface Initializer extends Tensor {
  readonly name: string;
}

/** An initializer whose bytes lie in another file. */
export interface ExternalInitializer {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly location: string;
  readonly offset?: number;
  readonly length?: number;
}

/**
 * Returns an initializer with the elements `values`, row-major; float16 takes ordinary numbers.
 *
 * Shapes: the product of `shape` equals `values.length`.
 */
export function constant(
  name: string,
  dtype: DType,
  shape: readonly number[],
  values: readonly (number | string)[],
): Initializer {
  return { name, ...tensor(dtype, shape, values) };
}

/** Returns a tensor with the elements `values`, row-major; float16 takes ordinary numbers. */
export function tensor(dtype: DType, shape: readonly number[], values: readonly (number | string)[]): Tensor {
  if (elementCount(shape) !== values.length) {
    throw new RangeError(`${values.length} values for shape [${shape.join(", ")}]`);
  }
  const data = allocate(dtype, values.length);
  values.forEach((value, i) => {
    if (Array.isArray(data)) data[i] = String(value);
    else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(value);
    else data[i] = dtype === "float16" ? toFloat16Bits(Number(value)) : Number(value);
  });
  return { dtype, shape, data };
}

/** ONNX's numbers for element types. */
export const ELEMENT_TYPE: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};

/**
 * Returns the fields of a TensorProto: numbers as raw_data, strings as string_data.
 *
 * @see onnx/onnx `onnx/onnx.proto` TensorProto
 */
export function tensorProto(source: Tensor | Initializer | ExternalInitializer): Chunks[] {
  return [
    ...source.shape.map((size) => integerField(1, size)),
    integerField(2, ELEMENT_TYPE[source.dtype]),
    ...("name" in source ? [stringField(8, source.name)] : []),
    ...("location" in source ? externalFields(source) : dataFields(source.data)),
  ];
}

function dataFields(data: TensorData): Chunks[] {
  if (Array.isArray(data)) return data.map((text) => stringField(6, text));
  return [bytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
}

function externalFields({ location, offset, length }: ExternalInitializer): Chunks[] {
  const entries = Object.entries({ location, offset, length }).filter(([, value]) => value !== undefined);
  return [
    ...entries.map(([key, value]) => messageField(13, [stringField(1, key), stringField(2, String(value))])),
    integerField(14, 1),
  ];
}
