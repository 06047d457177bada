import { LosslessNumber } from "lossless-json";
import { excerpt, ServingError } from "../errors.ts";
import { allocate, type DType } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Tensor } from "../tensor/tensor.ts";
import { DATATYPE_OF } from "./open-inference-datatype.ts";
import type { InferenceContent } from "./parse-open-inference.ts";
import { quoteJson } from "./quote-json.ts";
import { READ_ELEMENT } from "./read-element.ts";

export interface FlatTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Path of the tensor in the request. */
  readonly where: string;
}

/**
 * Returns the tensor that JSON holds, flat or nested as its shape. Whole numbers may be written as `1.0`; the 64-bit
 * ones that a double can't hold are read from the text.
 *
 * @throws {ServingError} INVALID_ARGUMENT when there are more or fewer elements than the shape needs, one is not of
 * the type, or the type is float16, which the protocol sends as binary only.
 */
export function readFlatTensor(
  content: Extract<InferenceContent, { readonly kind: "json" }>,
  { dtype, shape, where }: FlatTensor,
): Tensor {
  if (dtype === "float16") throw invalid(`${where}: FP16 is not sent as JSON; send binary data`);
  const values = flatten(content.data, shape, where);
  const data = allocate(dtype, values.length);
  let bad = fill(data, values, dtype);
  if (bad !== undefined && (dtype === "int64" || dtype === "uint64") && typeof values[bad] === "number") {
    bad = fill(data, flatten(content.exact(), shape, where).map(withoutFraction), dtype);
  }
  if (bad === undefined) return { dtype, shape, data };
  throw invalid(`${where}.data[${bad}]: expected ${DATATYPE_OF[dtype]}, got ${quoteJson(values[bad])}`);
}

/**
 * Returns the elements of `data` in row-major order, of a flat list or of lists nested as `shape` says.
 *
 * @throws {ServingError} INVALID_ARGUMENT when it is neither.
 */
export function flatten(data: unknown, shape: readonly number[], where: string): readonly unknown[] {
  const count = elementCount(shape);
  if (!Array.isArray(data)) throw invalid(`${where}.data: expected a list, got ${quoteJson(data)}`);
  const isNested = shape.length > 1 && data.length === shape[0] && data.every(Array.isArray);
  const flat = isNested ? flattenNested(data, shape, where) : data;
  if (flat.length === count) return flat;
  throw invalid(
    `${where}.data: expected ${count} elements for ${excerpt(formatShape(shape))}, got ${flat.length}`,
  );
}

function flattenNested(
  data: readonly unknown[],
  shape: readonly number[],
  where: string,
): readonly unknown[] {
  let level = data;
  for (const size of shape.slice(1)) {
    const next: unknown[] = [];
    for (const list of level) {
      if (!Array.isArray(list) || list.length !== size) {
        throw invalid(
          `${where}.data: expected lists nested as ${excerpt(formatShape(shape))}, got ${quoteJson(list)}`,
        );
      }
      for (const value of list) next.push(value);
    }
    level = next;
  }
  return level;
}

/** Returns the index of the first element that the type can't take. */
function fill(
  data: { [index: number]: unknown },
  values: readonly unknown[],
  dtype: DType,
): number | undefined {
  const read = READ_ELEMENT[dtype];
  for (let i = 0; i < values.length; i++) {
    const element = read(values[i]);
    if (element === undefined) return i;
    data[i] = element;
  }
  return undefined;
}

/** A token with a fraction or an exponent is the double that it reads as. */
function withoutFraction(value: unknown): unknown {
  return value instanceof LosslessNumber && !/^-?\d+$/.test(value.value) ? Number(value.value) : value;
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
