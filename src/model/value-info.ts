import type { Dimension } from "../tensor/tensor.ts";
import type { Field, ProtobufReader } from "./protobuf-reader.ts";

/** What an ONNX file declares of one input or output; more than a server can feed may stand there. */
export interface ModelValue {
  readonly name: string;
  /** A {@link DType}, or what no tensor of ours holds: "bfloat16", "sequence", "element type 99" ... */
  readonly dtype: string;
  /** Unknown sizes are names, "" when they have none. Undefined when even the rank is unknown. */
  readonly shape: readonly Dimension[] | undefined;
}

/** TensorProto.DataType in the runtime's spelling; the place in the list is the number in the file. */
const ELEMENT_TYPES = [
  ...["undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool"],
  ...["float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16"],
  ...["float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1"],
];

/** TypeProto's other members, by field number. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  4: "sequence",
  5: "map",
  8: "sparse tensor",
  9: "optional",
};

/** More axes than any runtime takes. */
const MAX_RANK = 64;

/**
 * Returns what a ValueInfoProto declares.
 *
 * @throws {StartupError} when it is damaged.
 * @see onnx/onnx `onnx/onnx.proto` ValueInfoProto, TypeProto, TensorShapeProto
 */
export function readValueInfo(reader: ProtobufReader, message: Field): ModelValue {
  let name = "";
  let type: Omit<ModelValue, "name"> = { dtype: "undefined", shape: undefined };
  reader.forEachField((field) => {
    if (field.number === 1) name = reader.text(field);
    else if (field.number === 2) type = readType(reader, field);
  }, reader.span(message));
  return { name, ...type };
}

function readType(reader: ProtobufReader, message: Field): Omit<ModelValue, "name"> {
  let type: Omit<ModelValue, "name"> = { dtype: "undefined", shape: undefined };
  reader.forEachField((field) => {
    const other = OTHER_TYPES[field.number];
    if (field.number === 1) type = readTensorType(reader, field);
    else if (other !== undefined) type = { dtype: other, shape: undefined };
  }, reader.span(message));
  return type;
}

function readTensorType(reader: ProtobufReader, message: Field): Omit<ModelValue, "name"> {
  let dtype = "undefined";
  let shape: Dimension[] | undefined;
  reader.forEachField((field) => {
    if (field.number === 1) {
      const number = reader.integer(field);
      dtype = ELEMENT_TYPES[number] ?? `element type ${number}`;
    } else if (field.number === 2) shape = readShape(reader, field);
  }, reader.span(message));
  return { dtype, shape };
}

function readShape(reader: ProtobufReader, message: Field): Dimension[] {
  const shape: Dimension[] = [];
  reader.forEachField((field) => {
    if (field.number !== 1) return;
    if (shape.length === MAX_RANK) throw reader.damaged(field.at, `more than ${MAX_RANK} axes`);
    shape.push(readDimension(reader, field));
  }, reader.span(message));
  return shape;
}

/** Old exporters write -1 for a size known only at run time. */
function readDimension(reader: ProtobufReader, message: Field): Dimension {
  let size: Dimension = "";
  reader.forEachField((field) => {
    if (field.number === 1) size = reader.integer(field);
    else if (field.number === 2) size = reader.text(field);
  }, reader.span(message));
  return typeof size === "number" && size < 0 ? "" : size;
}
