import type { Servable } from "../../servable.ts";
import { encodeMaskPng } from "../../signature/encode-mask-png.ts";
import { elementCount, type TensorSpec } from "../../tensor/tensor.ts";
import type { Value } from "../../tensor/value.ts";
import type { DescribedModel, DocumentScope } from "./document-scope.ts";

/** Values by the models that they are for, as a media type has them. */
export type Examples = { readonly [name: string]: { readonly summary: string; readonly value: Value } };

/** What a model takes: an image as it stands in JSON, or one row of tensors. */
export type ExampleInput =
  | { readonly kind: "image"; readonly image: { readonly [key: string]: Value } }
  | { readonly kind: "row"; readonly row: Readonly<Record<string, Value>> };

/** Returns an example for each model that has one: `write` makes it of what the model takes. */
export function examplesOf(
  { models }: DocumentScope,
  write: (input: ExampleInput, model: DescribedModel) => Value | undefined,
): { readonly examples?: Examples } {
  const examples = models.flatMap((model) => {
    const input = exampleInput(model.servable);
    const value = input === undefined ? undefined : write(input, model);
    const { name, version } = model.servable;
    const summary = `For model ${name}, version ${version}`;
    return value === undefined ? [] : [[model.key, { summary, value }] as const];
  });
  return examples.length === 0 ? {} : { examples: Object.fromEntries(examples) };
}

/** Tells whether it is an encoded image, and no array of pixels. */
export function isEncoded(input: ExampleInput): boolean {
  return input.kind === "image" && !("shape" in input.image);
}

/** Returns one element of `instances`. */
export function exampleInstance(input: ExampleInput): Value {
  if (input.kind === "image") return { image_bytes: input.image };
  const values = Object.values(input.row);
  return values.length === 1 ? (values[0] ?? null) : input.row;
}

/** Returns `instances`: as many as a model without a batch takes at once. */
export function exampleInstances(input: ExampleInput, model: DescribedModel): Value[] {
  return new Array<Value>(rowsAtOnce(input, model)).fill(exampleInstance(input));
}

/** Returns how many rows a model takes at once, at least. */
export function rowsAtOnce({ kind }: ExampleInput, { servable }: DescribedModel): number {
  const { batching, inputs } = servable.modelInputs;
  const rows = inputs[0]?.shape[0];
  return batching === "whole" && kind === "row" && typeof rows === "number" ? rows : 1;
}

/** A larger one would be most of the document. */
const MAX_BYTES = 16_384;
const MAX_ELEMENTS = 1024;

/** Of each model there is one, however many operations show it. */
const madeInputs = new WeakMap<Servable, { readonly input: ExampleInput | undefined }>();

function exampleInput(servable: Servable): ExampleInput | undefined {
  const made = madeInputs.get(servable) ?? { input: makeInput(servable) };
  madeInputs.set(servable, made);
  return made.input;
}

function makeInput(servable: Servable): ExampleInput | undefined {
  const { modelInputs, preprocess } = servable;
  if (modelInputs.imageInput === undefined) return exampleRow(modelInputs.inputs);
  const { height, width } = sizeOf(servable);
  if (preprocess?.color === "bands") {
    const shape = [height, width, preprocess.mean.length];
    const bytes = Buffer.alloc(elementCount(shape));
    const image = { b64: bytes.toString("base64"), shape, layout: "HWC" };
    return bytes.length > MAX_BYTES ? undefined : { kind: "image", image };
  }
  const file = servable.exampleImage ?? encodeMaskPng(tiles(height, width), { height, width });
  return { kind: "image", image: { b64: Buffer.from(file).toString("base64") } };
}

/** Nothing but zeros: what it means, the model's owner knows. */
function exampleRow(inputs: readonly TensorSpec[]): ExampleInput | undefined {
  const shapes = inputs.map(({ shape }) =>
    shape.slice(1).map((size) => (typeof size === "number" ? size : 1)),
  );
  if (shapes.reduce((sum, shape) => sum + elementCount(shape), 0) > MAX_ELEMENTS) return undefined;
  const row = inputs.map(({ name, dtype }, i) => {
    const zero = dtype === "string" ? "" : dtype === "bool" ? false : 0;
    return [name, nested(zero, shapes[i] as number[])] as const;
  });
  return { kind: "row", row: Object.fromEntries(row) };
}

function nested(value: Value, shape: readonly number[]): Value {
  return shape.reduceRight<Value>((inner, size) => new Array<Value>(size).fill(inner), value);
}

/** Edges of a picture for a model that takes any size. */
const EDGE_PIXELS = 32;

/** Returns a size that the model takes: that of its input, where its pictures are not resized to it. */
function sizeOf({ modelInputs, preprocess }: Servable): { readonly height: number; readonly width: number } {
  const spec = modelInputs.inputs.find(({ name }) => name === modelInputs.imageInput);
  const shape = spec?.shape ?? [];
  const [height, width] = preprocess?.layout === "HWC" ? shape.slice(-3, -1) : shape.slice(-2);
  const isFree = preprocess?.resize !== undefined;
  return {
    height: !isFree && typeof height === "number" ? height : EDGE_PIXELS,
    width: !isFree && typeof width === "number" ? width : EDGE_PIXELS,
  };
}

/** Four by four tiles, each of a colour of its own. Shapes: `[height, width]`, row-major. */
function tiles(height: number, width: number): Uint8Array {
  const numbers = new Uint8Array(height * width);
  for (let i = 0; i < numbers.length; i++) {
    const [y, x] = [Math.floor(i / width), i % width];
    numbers[i] = 4 * Math.floor((4 * y) / height) + Math.floor((4 * x) / width);
  }
  return numbers;
}
