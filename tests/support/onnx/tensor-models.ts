import type { DType } from "../../../src/tensor/dtype.ts";
import type { Dimension } from "../../../src/tensor/tensor.ts";
import { node, value, writeModel } from "./model-writer.ts";
import { constant } from "./tensor-proto.ts";

/** TensorFlow Serving's example. Shapes: x float32 [N] → y [N], y = x / 2 + 2. */
export function halfPlusTwo(): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("x", "float32", ["N"])],
    outputs: [value("y", "float32", ["N"])],
    initializers: [constant("two", "float32", [], [2])],
    nodes: [node("Div", ["x", "two"], ["half"]), node("Add", ["half", "two"], ["y"])],
  });
}

/** Shapes: x [N, ...row] of `dtype` → y, the same. */
export function identity(dtype: DType, row: readonly Dimension[] = []): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("x", dtype, ["N", ...row])],
    outputs: [value("y", dtype, ["N", ...row])],
    nodes: [node("Identity", ["x"], ["y"])],
  });
}

/** Shapes: a and b float32 [N, 2] → sum [N, 2]. */
export function twoInputs(): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("a", "float32", ["N", 2]), value("b", "float32", ["N", 2])],
    outputs: [value("sum", "float32", ["N", 2])],
    nodes: [node("Add", ["a", "b"], ["sum"])],
  });
}

/** Shapes: x float32 [N, 3] → sum [N, 1], doubled [N, 3] and largest int64 [N], the index of the largest. */
export function severalOutputs(): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("x", "float32", ["N", 3])],
    outputs: [
      value("sum", "float32", ["N", 1]),
      value("doubled", "float32", ["N", 3]),
      value("largest", "int64", ["N"]),
    ],
    initializers: [constant("axis", "int64", [1], [1])],
    nodes: [
      node("ReduceSum", ["x", "axis"], ["sum"], { keepdims: 1 }),
      node("Add", ["x", "x"], ["doubled"]),
      node("ArgMax", ["x"], ["largest"], { axis: 1, keepdims: 0 }),
    ],
  });
}

/** An output without a batch axis. Shapes: x float32 [N] → mean []. */
export function scalarOutput(): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("x", "float32", ["N"])],
    outputs: [value("mean", "float32", [])],
    nodes: [node("ReduceMean", ["x"], ["mean"], { keepdims: 0 })],
  });
}

/** A model that takes one fixed table and no batch. Shapes: x float32 [2, 3] → y [2, 3], y = 2 x. */
export function noBatchAxis(): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("x", "float32", [2, 3])],
    outputs: [value("y", "float32", [2, 3])],
    nodes: [node("Add", ["x", "x"], ["y"])],
  });
}

/** Numbers that JSON cannot hold. Shapes: x float32 [N, 1] → y [N, 3]: x, NaN, Infinity. */
export function nanOutput(): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("x", "float32", ["N", 1])],
    outputs: [value("y", "float32", ["N", 3])],
    initializers: [constant("one", "float32", [], [1]), constant("zero", "float32", [], [0])],
    nodes: [
      node("Abs", ["x"], ["absolute"]),
      node("Add", ["absolute", "one"], ["positive"]),
      node("Neg", ["positive"], ["negative"]),
      node("Sqrt", ["negative"], ["nan"]),
      node("Div", ["positive", "zero"], ["infinity"]),
      node("Concat", ["x", "nan", "infinity"], ["y"], { axis: 1 }),
    ],
  });
}
