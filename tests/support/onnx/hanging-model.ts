import { graph, node, value, writeModel } from "./model-writer.ts";
import { constant } from "./tensor-proto.ts";

/**
 * An echo that never ends where a number is below `limit`: a Loop of 2^62 trips, which ONNX Runtime does not leave.
 * Shapes: x float32 [N] → y [N], y = x.
 */
export function hangingModel(limit = 0): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("x", "float32", ["N"])],
    outputs: [value("y", "float32", ["N"])],
    initializers: [
      constant("limit", "float32", [], [limit]),
      constant("zero", "float32", [], [0]),
      constant("trips", "int64", [], ["4611686018427387904"]),
    ],
    nodes: [
      node("ReduceMin", ["x"], ["least"], { keepdims: 0 }),
      node("Less", ["least", "limit"], ["hangs"]),
      node("Loop", ["trips", "hangs", "zero"], ["delay"], { body: graph(LOOP_BODY) }),
      node("Add", ["x", "delay"], ["y"]),
    ],
  });
}

/** Goes on as long as it is asked to, with the sum as it was. */
const LOOP_BODY = {
  inputs: [value("trip", "int64", []), value("goes_on", "bool", []), value("sum", "float32", [])],
  outputs: [value("goes_on_still", "bool", []), value("same_sum", "float32", [])],
  nodes: [node("Identity", ["goes_on"], ["goes_on_still"]), node("Identity", ["sum"], ["same_sum"])],
} as const;
