import { ServingError } from "../../errors.ts";
import { allocate, type DType } from "../../tensor/dtype.ts";
import { elementCount, formatShape, type Tensor } from "../../tensor/tensor.ts";
import type { MessageReader } from "../wire/message-reader.ts";
import { narrowNumbers } from "../wire/narrow-numbers.ts";
import { countPacked, type NumberType, readPacked, WIRE_OF } from "../wire/packed-numbers.ts";
import { FIELD_OF } from "./tensor-field.ts";
import { findDataType } from "./tf-data-type.ts";

/** A `tensorflow.TensorProto`, its elements still as they came: views of the request's bytes. */
export interface TensorProto {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** All elements in one piece; of no string. Empty where they stand one by one. */
  readonly content: Buffer;
  readonly strings: readonly Buffer[];
  /** Bytes of the elements in each field of numbers. */
  readonly numbers: Readonly<Partial<Record<NumberField, readonly Buffer[]>>>;
}

type NumberField = 5 | 6 | 7 | 10 | 11 | 13 | 16 | 17;

/** The fields of numbers. @see tensorflow `core/framework/tensor.proto` */
const NUMBER_FIELDS: Readonly<Record<NumberField, NumberType>> = {
  5: "float",
  6: "double",
  7: "int32",
  10: "int64",
  11: "bool",
  13: "int32",
  16: "uint32",
  17: "uint64",
};

/**
 * Reads a tensor as far as its type and shape.
 *
 * @param where path of the tensor in the request
 * @throws {ServingError} INVALID_ARGUMENT when it can't be read, or has no type that the server holds, or no shape.
 */
export function readTensorProto(reader: MessageReader, where: string): TensorProto {
  let [dataType, shape, content] = [0, [] as readonly number[], Buffer.alloc(0)];
  const strings: Buffer[] = [];
  const numbers: Partial<Record<NumberField, Buffer[]>> = {};
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) dataType = Number(reader.integer());
    else if (field === 2) shape = readShape(reader.message(), where);
    else if (field === 4) content = reader.bytes() as Buffer<ArrayBuffer>;
    else if (field === 8) strings.push(reader.bytes());
    else if (isNumberField(field)) {
      const chunks = numbers[field] ?? [];
      numbers[field] = chunks;
      chunks.push(reader.elements(WIRE_OF[NUMBER_FIELDS[field]]));
    }
  }
  const dtype = findDataType(dataType);
  if (dtype === undefined)
    throw invalid(`${where}: TensorFlow's type ${dataType} is none that the server takes`);
  return { dtype, shape, content, strings, numbers };
}

/**
 * Returns the elements of a tensor of strings.
 *
 * Order: row-major; where there are fewer than the shape needs, the last one stands for the rest.
 *
 * @param count elements that the shape needs; bounded by the caller
 * @throws {ServingError} INVALID_ARGUMENT when there are more, or they stand in one piece.
 */
export function tensorStrings({ strings, content }: TensorProto, count: number, where: string): Buffer[] {
  if (content.length > 0) throw invalid(`${where}: expected strings in string_val, got tensor_content`);
  if (strings.length > count) throw tooMany(strings.length, count, where);
  const last = strings.at(-1) ?? Buffer.alloc(0);
  return Array.from({ length: count }, (_, i) => strings[i] ?? last);
}

/**
 * Returns the tensor, in memory of its own.
 *
 * Order: row-major; where there are fewer elements than the shape needs, the last one stands for the rest, as
 * TensorFlow has it.
 *
 * @throws {ServingError} INVALID_ARGUMENT when there are more, or one is out of its type's range; the shape, and so what
 * is allocated, is bounded by the caller.
 * @see tensorflow `core/framework/tensor.cc` Tensor::FromProto
 */
export function toTensor(proto: TensorProto, where: string): Tensor {
  const { dtype, shape, content } = proto;
  const count = elementCount(shape);
  if (dtype === "string") {
    return { dtype, shape, data: tensorStrings(proto, count, where).map((one) => toText(one, where)) };
  }
  if (content.length === 0) return { dtype, shape, data: elementsOf(proto, dtype, where) };
  const data = allocate(dtype, count) as Numbers;
  if (content.length !== data.byteLength) {
    const expected = `${data.byteLength} bytes for ${formatShape(shape)}`;
    throw invalid(`${where}.tensor_content: expected ${expected}, got ${content.length}`);
  }
  new Uint8Array(data.buffer).set(content);
  if (dtype === "bool") for (const [i, byte] of data.entries()) data[i] = byte === 0 ? 0 : 1;
  return { dtype, shape, data };
}

type Numbers = Exclude<Tensor["data"], string[]>;

function elementsOf(
  { numbers, shape }: TensorProto,
  dtype: Exclude<DType, "string">,
  where: string,
): Numbers {
  const field = FIELD_OF[dtype];
  const type = NUMBER_FIELDS[field];
  const chunks = numbers[field] ?? [];
  const [count, given] = [elementCount(shape), countPacked(type, chunks)];
  if (given > count) throw tooMany(given, count, where);
  const values = readPacked(type, chunks);
  // Most tensors are whole, and of a type that protobuf has.
  if (given === count && values.constructor === allocate(dtype, 0).constructor) return values;
  const data = allocate(dtype, count) as Numbers;
  narrowNumbers(values, data, { dtype, where });
  const last = data[given - 1];
  if (last !== undefined) (data as { fill(value: unknown, start: number): unknown }).fill(last, given);
  return data;
}

/** @see tensorflow `core/framework/tensor_shape.proto` */
function readShape(reader: MessageReader, where: string): number[] {
  const shape: number[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) shape.push(readSize(reader.message(), where));
    else if (field === 3 && reader.bool())
      throw invalid(`${where}.tensor_shape: expected sizes, got unknown_rank`);
  }
  return shape;
}

function readSize(reader: MessageReader, where: string): number {
  let size = 0n;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) size = reader.integer();
  }
  if (size >= 0n && size <= Number.MAX_SAFE_INTEGER) return Number(size);
  throw invalid(`${where}.tensor_shape: ${size} is no size`);
}

function isNumberField(field: number): field is NumberField {
  return Object.hasOwn(NUMBER_FIELDS, field);
}

function toText(bytes: Buffer, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const text = `${where}: an element is not UTF-8 text, and the model's strings are`;
    throw new ServingError("INVALID_ARGUMENT", text, { cause });
  }
}

function tooMany(given: number, count: number, where: string): ServingError {
  return invalid(`${where}: expected at most ${count} elements, as its shape has, got ${given}`);
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
