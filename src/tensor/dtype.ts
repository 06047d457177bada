/** Element types of a tensor, in ONNX Runtime's spelling. */
export const DTYPES = [
  "float32",
  "float64",
  "float16",
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "bool",
  "string",
] as const;

export type DType = (typeof DTYPES)[number];

/** Elements in row-major order. float16 holds raw half-precision bits, bool holds 0 or 1. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | string[];

interface NumberArray {
  new (length: number): Exclude<TensorData, string[]>;
  new (memory: ArrayBufferLike, byteOffset: number, length: number): Exclude<TensorData, string[]>;
  readonly BYTES_PER_ELEMENT: number;
}

const ARRAY_OF: Record<Exclude<DType, "string">, NumberArray> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** Returns a zeroed array (of empty strings for `string`) that holds `length` elements of `dtype`. */
export function allocate(dtype: DType, length: number): TensorData {
  return dtype === "string" ? new Array<string>(length).fill("") : new ARRAY_OF[dtype](length);
}

/** Returns `length` elements of `dtype` that stand in `memory`; undefined where they are not `byteLength` long. */
export function viewIn(
  { memory, byteOffset, byteLength }: Memory,
  dtype: DType,
  length: number,
): TensorData | undefined {
  if (dtype === "string" || length * ARRAY_OF[dtype].BYTES_PER_ELEMENT !== byteLength) return undefined;
  return new ARRAY_OF[dtype](memory, byteOffset, length);
}

/** Returns the elements that little-endian bytes are, in place; undefined where they are no whole number of them. */
export function fromBytes(
  dtype: DType,
  { buffer, byteOffset, length }: Uint8Array<ArrayBuffer>,
): TensorData | undefined {
  if (dtype === "string") return undefined;
  const { BYTES_PER_ELEMENT: size } = ARRAY_OF[dtype];
  if (length % size !== 0 || byteOffset % size !== 0) return undefined;
  return new ARRAY_OF[dtype](buffer, byteOffset, length / size);
}

/** Part of memory that threads share. */
export interface Memory {
  readonly memory: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
}

const DTYPE_NAMES: ReadonlySet<string> = new Set(DTYPES);

/** Tells whether `name` is a type that the server can hold (bfloat16, complex and 4-bit types are not). */
export function isDType(name: string): name is DType {
  return DTYPE_NAMES.has(name);
}

export const INTEGER_DTYPES: ReadonlySet<DType> = new Set<DType>([
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
]);
