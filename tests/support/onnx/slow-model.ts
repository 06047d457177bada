import { channelMeans } from "./image-models.ts";
import { type NodeSource, node, value, writeModel } from "./model-writer.ts";
import { constant } from "./tensor-proto.ts";

interface SlowModelOptions {
  /**
   * Products of two 1024 x 1024 matrices in a run, whatever its batch size. One takes about 11 ms on 2
   * cores and 21 ms on one (measured at 200 GFLOP/s): 19 make 0.2 s, 460 make 5 s. A limit in a test
   * must not depend on it being fast.
   */
  readonly products: number;
}

const SIZE = 1024;

/** A slow echo. Shapes: x float32 [N, 1] → y [N, 1], y = x. Run times: see {@link SlowModelOptions}. */
export function slowModel(options: SlowModelOptions): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("x", "float32", ["N", 1])],
    outputs: [value("y", "float32", ["N", 1])],
    initializers: INITIALIZERS,
    nodes: [...products("x", "delay", options), node("Add", ["x", "delay"], ["y"])],
  });
}

/** A slow classifier. Shapes: image float32 [N, 3, 8, 8] → logits [N, 3], the mean of each channel. */
export function slowClassifier(options: SlowModelOptions): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("image", "float32", ["N", 3, 8, 8])],
    outputs: [value("logits", "float32", ["N", 3])],
    initializers: INITIALIZERS,
    nodes: [
      ...channelMeans("image", "means"),
      ...products("means", "delay", options),
      node("Add", ["means", "delay"], ["logits"]),
    ],
  });
}

const INITIALIZERS = [
  constant("zero", "float32", [], [0]),
  constant("cell", "float32", [1, 1], [1 / SIZE]),
  constant("square", "int64", [2], [SIZE, SIZE]),
];

/**
 * Returns nodes that take time and then give `output`, a zero that depends on `input` [N, C]: were it
 * constant, the runtime would compute it once, at load. The weights are written by the runtime itself,
 * from one number: a model of 460 products is a file of 14 kB.
 */
function products(input: string, output: string, options: SlowModelOptions): NodeSource[] {
  const chain = Array.from({ length: options.products }, (_, i) =>
    node("MatMul", [`m${i}`, "weights"], [`m${i + 1}`]),
  );
  return [
    node("ReduceMean", [input], ["mean"], { keepdims: 1 }),
    node("Expand", ["mean", "square"], ["m0"]),
    node("Expand", ["cell", "square"], ["weights"]),
    ...chain,
    node("ReduceMean", [`m${options.products}`], ["last"], { keepdims: 0 }),
    node("Mul", ["last", "zero"], [output]),
  ];
}
