import { type ModelSource, node, value, writeModel } from "./model-writer.ts";
import { constant } from "./tensor-proto.ts";

/** A sound graph of an opset that no runtime knows yet. */
export function futureOpset(): Uint8Array<ArrayBuffer> {
  return writeModel({ ...BIASED, initializers: [constant("bias", "float32", [2], [0, 0])], opset: 9999 });
}

/**
 * A model whose weights lie in another file: two float32 at `offset` bytes of `location`.
 *
 * Shapes: x float32 [N, 2] → y [N, 2], y = x + the two numbers in the file.
 */
export function externalData(location: string, offset = 0): Uint8Array<ArrayBuffer> {
  return writeModel({
    ...BIASED,
    initializers: [{ name: "bias", dtype: "float32", shape: [2], location, offset, length: 8 }],
  });
}

/** A node that only a plug-in library could run. Shapes: x float32 [N, 2] → y [N, 2]. */
export function customOperator(domain = "com.example.vision"): Uint8Array<ArrayBuffer> {
  return writeModel({
    ...BIASED,
    domains: { [domain]: 1 },
    nodes: [node("Sharpen", ["x"], ["y"], {}, domain)],
  });
}

const BIASED: ModelSource = {
  inputs: [value("x", "float32", ["N", 2])],
  outputs: [value("y", "float32", ["N", 2])],
  nodes: [node("Add", ["x", "bias"], ["y"])],
};
