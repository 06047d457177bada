import type { DType, TensorData } from "./dtype.ts";

/** A dense tensor in row-major order. `data.length` is the product of `shape`; a scalar has shape []. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Named tensors: a session's feeds or outputs. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** One dimension: a fixed size, or the name of a size that is known only when the model runs. */
export type Dimension = number | string;

/** What a model declares of one input or output. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dimension[];
}

/** Returns the number of elements in `shape` (1 for a scalar). */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

/** Tells whether `value` is a {@link Tensor} and not another JSON-like object. */
export function isTensor(value: unknown): value is Tensor {
  return (
    typeof value === "object" && value !== null && "dtype" in value && "shape" in value && "data" in value
  );
}

/** Writes a shape as users read it: `[N, 3, 224, 224]`, an unknown size by its name. */
export function formatShape(shape: readonly Dimension[]): string {
  return `[${shape.map((size) => (size === "" ? "?" : size)).join(", ")}]`;
}

/** Tells whether a tensor of `shape` may be fed where `spec` is declared: ranks and fixed sizes agree. */
export function fitsSpec(shape: readonly number[], spec: readonly Dimension[]): boolean {
  return (
    shape.length === spec.length &&
    spec.every((size, axis) => typeof size === "string" || size === shape[axis])
  );
}
