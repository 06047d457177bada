import { isUtf8 } from "node:buffer";
import { excerpt, ServingError } from "../errors.ts";
import type { AnswerTensor } from "../tensor/answer-tensor.ts";
import { allocate, type DType } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Tensor } from "../tensor/tensor.ts";

/** What stands before each element of a tensor of strings: how many bytes it has, as a little-endian uint32. */
const LENGTH_BYTES = 4;

export interface RawTensor {
  readonly bytes: Uint8Array;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Path of the tensor in the request. */
  readonly where: string;
}

/**
 * Returns the tensor that bytes are: elements in row-major order, little-endian, a bool in one byte, a string as its
 * length in four bytes and then its UTF-8. It owns its memory.
 *
 * @throws {ServingError} INVALID_ARGUMENT when they are more or fewer than the shape needs, a bool is neither 0 nor 1,
 * or a string is not UTF-8.
 * @see Triton's binary tensor data extension; `raw_input_contents` of its gRPC service is the same
 */
export function readRawTensor({ bytes, dtype, shape, where }: RawTensor): Tensor {
  const count = elementCount(shape);
  if (dtype === "string") return { dtype, shape, data: readStrings(bytes, count, where) };
  const expected = count * itemBytes(dtype);
  if (bytes.length !== expected) {
    throw invalid(
      `${where}: expected ${expected} bytes for ${excerpt(formatShape(shape))}, got ${bytes.length}`,
    );
  }
  const data = allocate(dtype, count) as Exclude<Tensor["data"], string[]>;
  new Uint8Array(data.buffer).set(bytes);
  if (dtype === "bool") {
    const at = (data as Uint8Array).findIndex((byte) => byte > 1);
    if (at >= 0) throw invalid(`${where}: expected 0 or 1 as a bool, got ${data[at]} at offset ${at}`);
  }
  return { dtype, shape, data };
}

/**
 * Returns the elements of a tensor of strings that are no text, such as encoded images; each owns its memory.
 *
 * @throws {ServingError} INVALID_ARGUMENT when there are not `count` of them, or the last one is cut off.
 */
export function readRawElements(bytes: Uint8Array, count: number, where: string): Uint8Array<ArrayBuffer>[] {
  return Array.from(elementsOf(bytes, count, where), (element) => new Uint8Array(element));
}

/** Returns a tensor as {@link readRawTensor} reads it; numbers are a view of its own memory. */
export function writeRawTensor({ dtype, data }: AnswerTensor): Uint8Array {
  if (dtype === "string" || dtype === "bytes") return frame(data as readonly (string | Uint8Array)[]);
  const { buffer, byteOffset, byteLength } = data as Exclude<Tensor["data"], string[]>;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function frame(elements: readonly (string | Uint8Array)[]): Uint8Array {
  const pieces = elements.flatMap((element) => {
    const bytes = typeof element === "string" ? Buffer.from(element, "utf8") : element;
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat(pieces);
}

function itemBytes(dtype: Exclude<DType, "string">): number {
  return (allocate(dtype, 0) as Exclude<Tensor["data"], string[]>).BYTES_PER_ELEMENT;
}

function readStrings(bytes: Uint8Array, count: number, where: string): string[] {
  const strings: string[] = [];
  for (const element of elementsOf(bytes, count, where)) {
    if (!isUtf8(element)) {
      throw invalid(`${where}: element ${strings.length} is not UTF-8 text, and the model's strings are`);
    }
    strings.push(element.toString("utf8"));
  }
  return strings;
}

/** Views of the elements, one after the other: a tensor may hold millions of empty ones. */
function* elementsOf(bytes: Uint8Array, count: number, where: string): Generator<Buffer, void> {
  const memory = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let found = 0;
  for (let at = 0; at < memory.length; found++) {
    const start = at + LENGTH_BYTES;
    const end = start > memory.length ? Number.POSITIVE_INFINITY : start + memory.readUInt32LE(at);
    if (end > memory.length) throw invalid(`${where}: element ${found} is cut off`);
    if (found === count) throw invalid(`${where}: expected ${count} elements, got more`);
    yield memory.subarray(start, end);
    at = end;
  }
  if (found < count) throw invalid(`${where}: expected ${count} elements, got ${found}`);
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
