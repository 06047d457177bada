import { ServingError } from "../../errors.ts";
import { findDatatype } from "../../protocol/open-inference-datatype.ts";
import type { InferenceInput } from "../../protocol/parse-open-inference.ts";
import { writeRawTensor } from "../../protocol/raw-tensor.ts";
import type { AnswerTensor } from "../../tensor/answer-tensor.ts";
import { allocate, type DType, type TensorData } from "../../tensor/dtype.ts";
import { elementCount, formatShape } from "../../tensor/tensor.ts";
import type { MessageReader } from "../wire/message-reader.ts";
import { MessageWriter } from "../wire/message-writer.ts";
import { narrowNumbers } from "../wire/narrow-numbers.ts";
import { countPacked, type NumberType, readPacked, WIRE_OF } from "../wire/packed-numbers.ts";

/** An `inference.InferTensorContents`: the bytes of the elements in each of its fields. */
export type InferContents = ReadonlyMap<number, readonly Buffer[]>;

/** Where the elements of each type stand; half-precision numbers have no place but `raw_input_contents`. */
const FIELD_OF: Readonly<Record<Exclude<DType, "float16">, ContentsField>> = {
  bool: { number: 1, name: "bool_contents", type: "bool" },
  int8: { number: 2, name: "int_contents", type: "int32" },
  int16: { number: 2, name: "int_contents", type: "int32" },
  int32: { number: 2, name: "int_contents", type: "int32" },
  int64: { number: 3, name: "int64_contents", type: "int64" },
  uint8: { number: 4, name: "uint_contents", type: "uint32" },
  uint16: { number: 4, name: "uint_contents", type: "uint32" },
  uint32: { number: 4, name: "uint_contents", type: "uint32" },
  uint64: { number: 5, name: "uint64_contents", type: "uint64" },
  float32: { number: 6, name: "fp32_contents", type: "float" },
  float64: { number: 7, name: "fp64_contents", type: "double" },
  string: { number: 8, name: "bytes_contents", type: undefined },
};

interface ContentsField {
  readonly number: number;
  readonly name: string;
  /** Undefined: each element is bytes. */
  readonly type: NumberType | undefined;
}

const FIELDS: ReadonlyMap<number, ContentsField> = new Map(
  Object.values(FIELD_OF).map((field) => [field.number, field]),
);

/** @throws {ServingError} INVALID_ARGUMENT when it can't be read. */
export function readContents(reader: MessageReader): InferContents {
  const contents = new Map<number, Buffer[]>();
  for (let number = reader.next(); number !== 0; number = reader.next()) {
    const field = FIELDS.get(number);
    if (field === undefined) continue;
    const chunks = contents.get(number) ?? [];
    contents.set(number, chunks);
    chunks.push(field.type === undefined ? reader.bytes() : reader.elements(WIRE_OF[field.type]));
  }
  return contents;
}

/**
 * Returns contents as `raw_input_contents` would have them.
 *
 * @throws {ServingError} INVALID_ARGUMENT when they are not in the field of the tensor's type, are more or fewer than
 * its shape needs, or out of the type's range.
 */
export function toRawBytes(
  contents: InferContents = new Map(),
  { datatype, shape, where }: Pick<InferenceInput, "datatype" | "shape" | "where">,
): Uint8Array {
  const dtype = findDatatype(datatype);
  // Which types it may have is said by who knows the model.
  if (dtype === undefined) return new Uint8Array();
  if (dtype === "float16") throw invalid(`${where}: FP16 is sent in raw_input_contents`);
  const { number, name, type } = FIELD_OF[dtype];
  const stray = [...contents.keys()].find((given) => given !== number);
  if (stray !== undefined) {
    const given = FIELDS.get(stray)?.name;
    throw invalid(`${where}.contents: expected ${name} for ${datatype}, got ${given}`);
  }
  const chunks = contents.get(number) ?? [];
  const [count, given] = [
    elementCount(shape),
    type === undefined ? chunks.length : countPacked(type, chunks),
  ];
  if (given !== count) {
    throw invalid(
      `${where}.contents.${name}: expected ${count} elements for ${formatShape(shape)}, got ${given}`,
    );
  }
  if (type === undefined) return writeRawTensor({ dtype: "bytes", shape, data: chunks });
  const data = allocate(dtype, count) as Exclude<TensorData, string[]>;
  narrowNumbers(readPacked(type, chunks), data, { dtype, where: `${where}.contents.${name}` });
  return writeRawTensor({ dtype, shape, data });
}

/** Returns a tensor's contents; undefined for half-precision numbers, which have no place in them. */
export function writeContents({ dtype, data }: AnswerTensor): MessageWriter | undefined {
  if (dtype === "float16") return undefined;
  const message = new MessageWriter();
  const isText = dtype === "string" || dtype === "bytes";
  const { number } = FIELD_OF[isText ? "string" : dtype];
  if (!isText) return message.packed(number, data as Exclude<TensorData, string[]>);
  for (const element of data as readonly (string | Uint8Array)[]) {
    message.bytes(number, typeof element === "string" ? Buffer.from(element, "utf8") : element);
  }
  return message;
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
