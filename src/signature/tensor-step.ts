import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { toNumbers } from "./scores.ts";

/** What is done with a tensor between two models. */
export type TensorStep =
  | { readonly kind: "threshold"; readonly atLeast: number }
  /** Counted without the batch dimension. */
  | { readonly kind: "argmax"; readonly axis: number };

/** Returns what a step makes of a tensor. */
export function runTensorStep(step: TensorStep, tensor: Tensor): Tensor {
  return step.kind === "threshold" ? threshold(tensor, step.atLeast) : argmaxAlong(tensor, step.axis);
}

/** 1 where a number is at least so large, else 0; NaN is not. */
function threshold(tensor: Tensor, atLeast: number): Tensor {
  // A float32 is held against the bound as float32 has it: 0.1 is at least 0.1.
  const bound = tensor.dtype === "float32" ? Math.fround(atLeast) : atLeast;
  const data = Uint8Array.from(toNumbers(tensor), (value) => (value >= bound ? 1 : 0));
  return { dtype: "uint8", shape: tensor.shape, data };
}

/** Shapes: `[...A, n, ...B]` → int64 `[...A, ...B]`; the first of equal numbers, and NaN is never the largest. */
function argmaxAlong(tensor: Tensor, axis: number): Tensor {
  const { shape } = tensor;
  const length = shape[axis] ?? 1;
  const inner = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(0, axis));
  const numbers = toNumbers(tensor);
  const data = new BigInt64Array(outer * inner);
  for (let block = 0; block < outer; block++) {
    for (let place = 0; place < inner; place++) {
      let best = Number.NEGATIVE_INFINITY;
      let index = 0;
      for (let i = 0, at = block * length * inner + place; i < length; i++, at += inner) {
        const value = numbers[at] as number;
        if (value > best) {
          best = value;
          index = i;
        }
      }
      data[block * inner + place] = BigInt(index);
    }
  }
  return { dtype: "int64", shape: shape.filter((_, i) => i !== axis), data };
}
