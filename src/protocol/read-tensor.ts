import { ServingError } from "../errors.ts";
import { allocate, type DType } from "../tensor/dtype.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { isBase64Object, isJsonObject } from "./json-object.ts";
import { jsonTypeName, quoteJson } from "./quote-json.ts";
import { READ_ELEMENT, type ReadElement } from "./read-element.ts";
import { tfDTypeName } from "./tf-dtype.ts";
import { decodeTfsBase64 } from "./tfs-base64.ts";

/** onnxruntime and TensorFlow both stop far below; this bounds the recursion. */
const MAX_RANK = 64;

/**
 * Returns nested JSON lists (or a scalar) as a tensor. The first element of every list says how deep and
 * how long the others must be.
 *
 * Shapes: lists nested d deep → rank d; a scalar → [].
 *
 * @param where path of the value in the request, for messages about base64
 * @throws {ServingError} INVALID_ARGUMENT when the lists are ragged or an element is not of `dtype`;
 * INVALID_BASE64 when a string's `{"b64"}` is not base64. The texts are TensorFlow Serving's.
 * @see tensorflow/serving `util/json_tensor.cc` GetDenseTensorShape, FillTensorProto
 */
export function readTensor(value: unknown, dtype: DType, where: string): Tensor {
  const shape = shapeOf(value);
  // A ragged list can claim a shape of any size: only one that has the elements gets the memory. The walk
  // over the others finds the fault; what it writes past the end of a typed array is dropped.
  const data = allocate(dtype, isDense(value, shape, 0) ? elementCount(shape) : 0);
  fill({ dtype, shape, where, data, read: READ_ELEMENT[dtype], next: 0 }, value, 0);
  return { dtype, shape, data };
}

function shapeOf(value: unknown): number[] {
  const shape: number[] = [];
  for (let first = value; Array.isArray(first); first = first[0]) {
    shape.push(first.length);
    if (shape.length > MAX_RANK) throw invalid(`lists nested more than ${MAX_RANK} deep`);
  }
  return shape;
}

/** Tells whether every list but the innermost has only lists, all of the lengths in `shape`. */
function isDense(value: unknown, shape: readonly number[], level: number): boolean {
  if (level === shape.length) return true;
  if (!Array.isArray(value) || value.length !== shape[level]) return false;
  return level === shape.length - 1 || value.every((element) => isDense(element, shape, level + 1));
}

interface Filling {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly where: string;
  readonly data: { [index: number]: unknown };
  readonly read: ReadElement;
  next: number;
}

function fill(filling: Filling, value: unknown, level: number): void {
  const rank = filling.shape.length;
  if (!Array.isArray(value)) {
    if (level !== rank) {
      throw invalid(
        `JSON Value: ${quoteJson(value)} found at incorrect level: ${level + 1} in the JSON DOM. ` +
          `Expected at level: ${rank}`,
      );
    }
    filling.data[filling.next++] = readLeaf(filling, value);
    return;
  }
  if (level >= rank) {
    throw invalid(`Encountered list at unexpected level: ${level} expected < ${rank}`);
  }
  if (value.length !== filling.shape[level]) {
    throw invalid(
      `Encountered list at unexpected size: ${value.length} at level: ${level} ` +
        `expected size: ${filling.shape[level]}`,
    );
  }
  if (level === rank - 1) fillInnermost(filling, value);
  else for (const element of value) fill(filling, element, level + 1);
}

/** The hot loop: no call but `read` for an element that is in order. */
function fillInnermost(filling: Filling, list: readonly unknown[]): void {
  const { data, read, next } = filling;
  for (let i = 0; i < list.length; i++) {
    const element = read(list[i]);
    if (element === undefined) {
      filling.next = next + i;
      fill(filling, list[i], filling.shape.length);
    } else {
      data[next + i] = element;
    }
  }
  filling.next = next + list.length;
}

function readLeaf(filling: Filling, value: unknown): number | bigint | string {
  if (filling.dtype === "string" && isJsonObject(value)) return readBase64Text(value, filling.where);
  const element = filling.read(value);
  if (element !== undefined) return element;
  throw invalid(
    `JSON Value: ${quoteJson(value)} Type: ${jsonTypeName(value)} is not of expected type: ` +
      tfDTypeName(filling.dtype),
  );
}

function readBase64Text(value: unknown, where: string): string {
  if (!isBase64Object(value)) {
    throw invalid(`JSON Value: ${quoteJson(value)} not formatted correctly for base64 data`);
  }
  const bytes = decodeTfsBase64(value.b64, where);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ServingError(
      "INVALID_ARGUMENT",
      `JSON Value: ${quoteJson(value)} is not UTF-8 text, and the model's strings are`,
      { cause },
    );
  }
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
