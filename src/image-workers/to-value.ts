import type { DType, TensorData } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Tensor } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";

/** As deep as a request may nest; an object that holds itself nests without end. */
const MAX_DEPTH = 64;

const DTYPE_OF_ARRAY: Readonly<Record<string, DType>> = {
  Float32Array: "float32",
  Float64Array: "float64",
  Int8Array: "int8",
  Int16Array: "int16",
  Int32Array: "int32",
  BigInt64Array: "int64",
  Uint8Array: "uint8",
  Uint16Array: "uint16",
  Uint32Array: "uint32",
  BigUint64Array: "uint64",
};

/**
 * Returns what a hook returned as an answer of the server's. As `JSON.stringify` reads it, `toJSON` included, and
 * besides: a typed array is a list, `{shape, data}` with a typed array nested lists, a BigInt an exact integer.
 * Memory is copied: the hook may use its own again.
 *
 * @throws {TypeError} that names the place of what is no JSON: a function, a symbol, a Map, an object in itself.
 */
export function toValue(returned: unknown): Value {
  if (returned === undefined) throw new TypeError("the hook returned nothing");
  return convert(returned, "the answer", 1);
}

function convert(from: unknown, place: string, depth: number): Value {
  if (depth > MAX_DEPTH)
    throw new TypeError(`the answer nests more than ${MAX_DEPTH} levels, or holds itself`);
  switch (typeof from) {
    case "boolean":
    case "number":
    case "string":
      return from;
    case "bigint":
      return toInteger(from, place);
    case "object":
      return from === null ? null : convertObject(from, place, depth);
    default:
      throw new TypeError(`${place} is a ${typeof from}, which JSON has not`);
  }
}

function convertObject(from: object, place: string, depth: number): Value {
  if (ArrayBuffer.isView(from)) return toTensor({ data: from }, place);
  if (Array.isArray(from)) {
    return Array.from(from, (element: unknown, i) =>
      element === undefined ? null : convert(element, `${place}[${i}]`, depth + 1),
    );
  }
  if ("toJSON" in from && typeof from.toJSON === "function") {
    return convert(from.toJSON(), place, depth + 1);
  }
  const prototype: unknown = Object.getPrototypeOf(from);
  // Of another realm's plain objects, only the prototype has none itself.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new TypeError(`${place} is a ${from.constructor.name}, which JSON has not`);
  }
  if ("shape" in from && "data" in from && isArrayOfTensor(from)) return toTensor(from, place);
  if ("dtype" in from && "shape" in from && "data" in from) {
    throw new TypeError(`${place} has dtype, shape and data, but no typed array in data`);
  }
  const entries = Object.entries(from).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, convert(value, `${place}.${name}`, depth + 1)]),
  );
}

interface TensorLike {
  readonly dtype?: unknown;
  readonly shape?: unknown;
  readonly data: unknown;
}

function isArrayOfTensor({ dtype, data }: TensorLike): boolean {
  return ArrayBuffer.isView(data) || (dtype === "string" && Array.isArray(data));
}

function toTensor({ dtype: stated, shape: statedShape, data }: TensorLike, place: string): Tensor {
  const elements = copyOf(data, place);
  const shape: unknown = statedShape ?? [elements.data.length];
  const isShape = Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size >= 0);
  if (!isShape || elementCount(shape) !== elements.data.length) {
    const got = isShape ? formatShape(shape) : "none of whole numbers";
    throw new TypeError(`${place} has ${elements.data.length} elements, but its shape is ${got}`);
  }
  const dtype = stated === "bool" && elements.dtype === "uint8" ? "bool" : elements.dtype;
  return { dtype, shape: [...shape], data: elements.data };
}

function copyOf(data: unknown, place: string): { readonly dtype: DType; readonly data: TensorData } {
  if (Array.isArray(data)) return { dtype: "string", data: data.map(String) };
  if (data instanceof Uint8ClampedArray) return { dtype: "uint8", data: Uint8Array.from(data) };
  const name = Object.prototype.toString.call(data).slice(8, -1);
  const dtype = DTYPE_OF_ARRAY[name];
  if (dtype === undefined) throw new TypeError(`${place} is a ${name}, which JSON has not`);
  // A Buffer's own `slice` does not copy.
  const copy = dtype === "uint8" ? Uint8Array.from(data as Uint8Array) : (data as Float32Array).slice();
  return { dtype, data: copy };
}

/** Beyond 64 bits there is no tensor to hold it. */
function toInteger(from: bigint, place: string): Tensor {
  if (from >= -(2n ** 63n) && from < 2n ** 63n) {
    return { dtype: "int64", shape: [], data: BigInt64Array.of(from) };
  }
  if (from > 0n && from < 2n ** 64n) return { dtype: "uint64", shape: [], data: BigUint64Array.of(from) };
  throw new TypeError(`${place} is a BigInt of more than 64 bits`);
}
