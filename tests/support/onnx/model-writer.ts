import type { DType } from "../../../src/tensor/dtype.ts";
import type { Dimension, Tensor, TensorSpec } from "../../../src/tensor/tensor.ts";
import { isTensor } from "../../../src/tensor/tensor.ts";
import { type Chunks, floatField, integerField, join, messageField, stringField } from "./protobuf-writer.ts";
import { ELEMENT_TYPE, type ExternalInitializer, type Initializer, tensorProto } from "./tensor-proto.ts";

/** A graph: the model's own, or one inside an attribute of If or Loop. */
export interface GraphSource {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly nodes: readonly NodeSource[];
  readonly initializers?: readonly (Initializer | ExternalInitializer)[];
  readonly sparseInitializers?: readonly SparseInitializer[];
}

export interface ModelSource extends GraphSource {
  /** Opset of the default domain. @default 17 */
  readonly opset?: number;
  /** Further operator sets, version by domain. */
  readonly domains?: Readonly<Record<string, number>>;
  /** @default 8 */
  readonly irVersion?: number;
  /** @default "onnx-serving tests" */
  readonly producer?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly functions?: readonly FunctionSource[];
}

export interface NodeSource {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly domain: string;
}

/** Values and indices are tensors of their own; the values' name is the initializer's. */
interface SparseInitializer {
  readonly values: Initializer | ExternalInitializer;
  readonly indices: Initializer | ExternalInitializer;
  readonly shape: readonly number[];
}

/** A function that the model brings along: nodes of `domain` and type `name` are replaced by its body. */
interface FunctionSource {
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeSource[];
}

/** A plain number is an int and a plain array ints: floats say so with {@link float} and {@link floats}. */
type Attribute = number | readonly number[] | string | Tensor | Float | Floats | Graph;

interface Float {
  readonly float: number;
}

interface Floats {
  readonly floats: readonly number[];
}

interface Graph {
  readonly graph: GraphSource;
}

/** Returns a float attribute. */
export const float = (value: number): Float => ({ float: value });

/** Returns a floats attribute. */
export const floats = (values: readonly number[]): Floats => ({ floats: values });

/** Returns a graph attribute, as If and Loop take. */
export const graph = (source: GraphSource): Graph => ({ graph: source });

/** Returns the declaration of an input or output; names in `shape` are sizes known only at run time. */
export function value(name: string, dtype: DType, shape: readonly Dimension[]): TensorSpec {
  return { name, dtype, shape };
}

/** Returns a node of operator `type`, of ONNX's own domain unless `domain` says otherwise. */
export function node(
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  domain = "",
): NodeSource {
  return { type, inputs, outputs, attributes, domain };
}

/**
 * Returns the bytes of an ONNX model, fields in ascending order as protobuf's own writers put them.
 *
 * @see onnx/onnx `onnx/onnx.proto`
 */
export function writeModel(source: ModelSource): Uint8Array<ArrayBuffer> {
  const { opset = 17, domains = {}, irVersion = 8, producer = "onnx-serving tests" } = source;
  const operatorSets = Object.entries({ "": opset, ...domains });
  return join(
    [
      integerField(1, irVersion),
      stringField(2, producer),
      messageField(7, graphProto(source)),
      ...operatorSets.map(([domain, version]) => messageField(8, operatorSetProto(domain, version))),
      ...Object.entries(source.metadata ?? {}).map(([key, text]) =>
        messageField(14, [stringField(1, key), stringField(2, text)]),
      ),
      ...(source.functions ?? []).map((body) => messageField(25, functionProto(body, operatorSets))),
    ].flat(),
  );
}

function operatorSetProto(domain: string, version: number): Chunks[] {
  return [...(domain === "" ? [] : [stringField(1, domain)]), integerField(2, version)];
}

function graphProto(source: GraphSource): Chunks[] {
  return [
    ...source.nodes.map((item) => messageField(1, nodeProto(item))),
    stringField(2, "graph"),
    ...(source.initializers ?? []).map((item) => messageField(5, tensorProto(item))),
    ...source.inputs.map((item) => messageField(11, valueInfoProto(item))),
    ...source.outputs.map((item) => messageField(12, valueInfoProto(item))),
    ...(source.sparseInitializers ?? []).map((item) => messageField(15, sparseTensorProto(item))),
  ];
}

function nodeProto({ type, inputs, outputs, attributes, domain }: NodeSource): Chunks[] {
  return [
    ...inputs.map((name) => stringField(1, name)),
    ...outputs.map((name) => stringField(2, name)),
    stringField(4, type),
    ...Object.entries(attributes).map(([name, item]) => messageField(5, attributeProto(name, item))),
    ...(domain === "" ? [] : [stringField(7, domain)]),
  ];
}

/** Field 20 is AttributeProto.AttributeType: the runtime asks for it. */
function attributeProto(name: string, item: Attribute): Chunks[] {
  const named = (type: number, ...fields: Chunks[]) => [
    stringField(1, name),
    ...fields,
    integerField(20, type),
  ];
  if (typeof item === "number") return named(2, integerField(3, item));
  if (typeof item === "string") return named(3, stringField(4, item));
  if (isArray(item)) return named(7, ...item.map((int) => integerField(8, int)));
  if (isTensor(item)) return named(4, messageField(5, tensorProto(item)));
  if ("floats" in item) return named(6, ...item.floats.map((number) => floatField(7, number)));
  if ("graph" in item) return named(5, messageField(6, graphProto(item.graph)));
  return named(1, floatField(2, item.float));
}

function isArray(item: Attribute): item is readonly number[] {
  return Array.isArray(item);
}

function valueInfoProto({ name, dtype, shape }: TensorSpec): Chunks[] {
  const dimensions = shape.map((size) => messageField(1, dimensionProto(size)));
  const type = messageField(1, [integerField(1, ELEMENT_TYPE[dtype]), messageField(2, dimensions)]);
  return [stringField(1, name), messageField(2, [type])];
}

function dimensionProto(size: Dimension): Chunks[] {
  if (typeof size === "number") return [integerField(1, size)];
  return size === "" ? [] : [stringField(2, size)];
}

function sparseTensorProto({ values, indices, shape }: SparseInitializer): Chunks[] {
  return [
    messageField(1, tensorProto(values)),
    messageField(2, tensorProto(indices)),
    ...shape.map((size) => integerField(3, size)),
  ];
}

function functionProto(source: FunctionSource, operatorSets: readonly [string, number][]): Chunks[] {
  return [
    stringField(1, source.name),
    ...source.inputs.map((name) => stringField(4, name)),
    ...source.outputs.map((name) => stringField(5, name)),
    ...source.nodes.map((item) => messageField(7, nodeProto(item))),
    ...operatorSets.map(([domain, version]) => messageField(9, operatorSetProto(domain, version))),
    stringField(10, source.domain),
  ];
}
