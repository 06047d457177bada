import { excerpt, ServingError } from "../errors.ts";
import { allocate, type DType } from "../tensor/dtype.ts";
import { formatShape, type Tensor, type TensorSpec } from "../tensor/tensor.ts";
import type { Instance, ModelInputs } from "./predict-request.ts";
import { READ_ELEMENT } from "./read-element.ts";
import { tfDTypeName } from "./tf-dtype.ts";
import type { ExampleList, Feature } from "./tf-example.ts";

/** Beside the input's own name: that of the other routes, and that of TensorFlow's image pipelines. */
const IMAGE_FEATURES = ["image_bytes", "image/encoded"] as const;

/**
 * Returns the instances that examples stand for. A model of images takes one encoded image in a feature named as its
 * input, `image_bytes` or `image/encoded`; a plain input takes the feature of its name, whose values fill a row of the
 * declared shape. Other features are ignored.
 *
 * Shapes: a row of `[d1, d2, ...]` takes d1 * d2 * ... values; one size that is not declared follows from their number.
 * Order: instance i is example i; one that does not fit is "bad", not thrown. The texts are TensorFlow's.
 *
 * @see tensorflow `util/example_proto_fast_parsing.cc`
 */
export function examplesToInstances({ examples, context }: ExampleList, model: ModelInputs): Instance[] {
  return examples.map((example, index) => {
    try {
      if (example instanceof Error) throw example;
      const feature = (name: string) => example.get(name) ?? context?.get(name);
      return toInstance(feature, { model, index, count: examples.length });
    } catch (error) {
      if (!(error instanceof ServingError)) throw error;
      return { kind: "bad", error: new ServingError(error.code, error.message, { instance: index }) };
    }
  });
}

type GetFeature = (name: string) => Feature | undefined;

interface Place {
  readonly model: ModelInputs;
  readonly index: number;
  readonly count: number;
}

function toInstance(feature: GetFeature, place: Place): Instance {
  const { model, index } = place;
  const { imageInput } = model;
  if (imageInput !== undefined) {
    for (const name of [imageInput, ...IMAGE_FEATURES]) {
      const found = feature(name);
      if (found?.kind === "bytes")
        return { kind: "image", bytes: ownBytes(oneValue(name, found.values, index)) };
    }
  }
  const row = model.inputs.map((spec) => {
    const found = feature(spec.name);
    if (found === undefined) throw missing(spec, imageInput);
    return [spec.name, toTensor(found, spec, place)] as const;
  });
  return { kind: "row", row: Object.fromEntries(row) };
}

function missing({ name, dtype }: TensorSpec, imageInput: string | undefined): ServingError {
  if (name !== imageInput)
    return invalid(`Feature: ${name} (data type: ${tfDTypeName(dtype)}) is required but could not be found.`);
  const names = [...new Set([name, ...IMAGE_FEATURES])].join(", ");
  return invalid(
    `Feature: ${name} (an encoded image, as one of ${names}) is required but could not be found.`,
  );
}

function oneValue(name: string, values: readonly Uint8Array[], index: number): Uint8Array {
  const [value] = values;
  if (value === undefined || values.length > 1)
    throw wrongCount(name, { kind: "bytes", values }, { index, shape: [] });
  return value;
}

/** An image is transferred to its worker, so it must have its memory to itself. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes);
}

function toTensor(feature: Feature, spec: TensorSpec, place: Place): Tensor {
  const { model, index, count } = place;
  const { name, dtype } = spec;
  const [batch, ...declared] = spec.shape;
  if (model.batching === "whole" && typeof batch === "number" && batch !== count) {
    throw invalid(`input '${name}': expected ${batch} examples, got ${count}`);
  }
  const shape = fill(declared, feature.values.length);
  if (shape === undefined) throw wrongCount(name, feature, { index, shape: declared });
  const read = ELEMENT_OF[feature.kind][kindOf(dtype)];
  if (read === undefined) throw wrongType(name, feature, spec, index);
  const data: { [index: number]: unknown } = allocate(dtype, feature.values.length);
  for (let i = 0; i < feature.values.length; i++) {
    const value = read(feature.values[i], dtype);
    if (value === undefined) throw wrongType(name, feature, spec, index);
    data[i] = value;
  }
  return { dtype, shape, data: data as Tensor["data"] };
}

/** Returns the row's shape where so many values fill it; at most one size may be open. */
function fill(declared: TensorSpec["shape"], count: number): number[] | undefined {
  let known = 1;
  for (const size of declared) if (typeof size === "number") known *= size;
  const open = declared.filter((size) => typeof size === "string").length;
  if (open === 0) return known === count ? (declared as number[]) : undefined;
  if (open > 1 || known === 0 || count % known !== 0) return undefined;
  return declared.map((size) => (typeof size === "number" ? size : count / known));
}

type ElementKind = "float" | "integer" | "bool" | "string";

function kindOf(dtype: DType): ElementKind {
  if (dtype === "bool" || dtype === "string") return dtype;
  return dtype.startsWith("float") ? "float" : "integer";
}

type ReadValue = (value: unknown, dtype: DType) => number | bigint | string | undefined;

/** What a value of each kind may become. A float takes whole numbers too: JavaScript writes 80.0 as 80. */
const ELEMENT_OF: Readonly<Record<Feature["kind"], Partial<Record<ElementKind, ReadValue>>>> = {
  float: { float: (value, dtype) => READ_ELEMENT[dtype](value) },
  int64: {
    float: (value, dtype) => READ_ELEMENT[dtype](Number(value)),
    integer: (value, dtype) => toInteger(value as bigint, dtype),
    bool: (value) => (value === 0n ? 0 : value === 1n ? 1 : undefined),
  },
  bytes: { string: (value) => toText(value as Uint8Array) },
};

function toInteger(value: bigint, dtype: DType): number | bigint | undefined {
  if (dtype === "int64") return value;
  if (dtype === "uint64") return value < 0n ? undefined : value;
  return READ_ELEMENT[dtype](Number(value)) as number | undefined;
}

function toText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const KIND_NAMES = { float: "float", int64: "int64", bytes: "string" } as const;

function wrongType(name: string, { kind }: Feature, { dtype }: TensorSpec, index: number): ServingError {
  const types = `Data type: ${KIND_NAMES[kind]} but expected type: ${tfDTypeName(dtype)}`;
  return invalid(`Key: ${excerpt(name)}, Index: ${index}.  Data types don't match. ${types}`);
}

function wrongCount(
  name: string,
  { kind, values }: Feature,
  { index, shape }: { readonly index: number; readonly shape: TensorSpec["shape"] },
): ServingError {
  return invalid(
    `Key: ${excerpt(name)}, Index: ${index}.  Number of ${KIND_NAMES[kind]} values != expected.  ` +
      `values size: ${values.length} but output shape: ${formatShape(shape)}`,
  );
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
