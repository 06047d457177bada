import { seededRandom } from "../../src/bench/seeded-random.ts";
import { elementCount } from "../../src/tensor/tensor.ts";
import { type NodeSource, node, value, writeModel } from "../../tests/support/onnx/model-writer.ts";
import { constant, type Initializer } from "../../tests/support/onnx/tensor-proto.ts";

/** A value inside the graph: its name and its number of channels. */
export interface Layer {
  readonly name: string;
  readonly channels: number;
}

interface Convolution {
  readonly channels: number;
  readonly kernel: number;
  /** @default 1 */
  readonly stride?: number;
  /** @default 1 */
  readonly groups?: number;
}

const ZERO = constant("zero", "float32", [], [0]);
const SIX = constant("six", "float32", [], [6]);

/**
 * Builds an image classifier with seeded random weights. Each convolution has a bias: the batch
 * normalisation that follows it in the published network is folded into weights and bias, as exporters
 * fold it for inference. A normalised channel so has one parameter where publications count two.
 */
export class ConvnetBuilder {
  /** The input. Shapes: [N, 3, edge, edge]. */
  readonly image: Layer = { name: "image", channels: 3 };
  readonly #nodes: NodeSource[] = [];
  readonly #initializers: Initializer[] = [];
  readonly #random: () => number;

  readonly #edge: number;

  /** @param edge of the input, in pixels */
  constructor(seed: number, edge = 224) {
    this.#random = seededRandom(seed);
    this.#edge = edge;
  }

  /** Adds a convolution and its bias; the padding keeps the size, the stride divides it. */
  convolution(input: Layer, { channels, kernel, stride = 1, groups = 1 }: Convolution): Layer {
    const weights = this.#weights([channels, input.channels / groups, kernel, kernel]);
    const name = this.#add("Conv", [input.name, weights, this.#bias(channels)], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: new Array<number>(4).fill((kernel - 1) / 2),
      group: groups,
    });
    return { name, channels };
  }

  relu({ name, channels }: Layer): Layer {
    return { name: this.#add("Relu", [name]), channels };
  }

  relu6({ name, channels }: Layer): Layer {
    if (!this.#initializers.includes(SIX)) this.#initializers.push(ZERO, SIX);
    return { name: this.#add("Clip", [name, "zero", "six"]), channels };
  }

  sum(left: Layer, right: Layer): Layer {
    return { name: this.#add("Add", [left.name, right.name]), channels: left.channels };
  }

  /** Adds the pooling that halves the size: 3 x 3, the largest. */
  maxPool({ name, channels }: Layer): Layer {
    const attributes = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
    return { name: this.#add("MaxPool", [name], attributes), channels };
  }

  /** Adds the mean of each channel and a dense layer, and returns the model's bytes. */
  classify(features: Layer, classes: number): Uint8Array<ArrayBuffer> {
    const logits = this.#dense(features, classes);
    this.#nodes.push(node("Identity", [logits], ["logits"]));
    return this.#write(value("logits", "float32", ["N", classes]));
  }

  /**
   * Adds the mean of each channel and a dense layer, of which nothing is left: every image has the same boxes, of score
   * 0.9. Returns the model's bytes.
   *
   * Shapes: output0 [N, 5, boxes], as an Ultralytics detector of one class gives it.
   * Units: centre x, centre y, width and height in pixels of the input.
   */
  detect(features: Layer, boxes: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
    const count = boxes.length;
    const places = [0, 1, 2, 3].flatMap((edge) => boxes.map((box) => box[edge] ?? 0));
    this.#initializers.push(
      constant("nothing", "float32", [], [0]),
      constant("score", "float32", [], [0.9]),
      constant("places", "float32", [1, 4, count], places),
      constant("second", "int64", [1], [1]),
    );
    const rows = this.#add("Unsqueeze", [this.#dense(features, count), "second"]);
    const zeros = this.#add("Mul", [rows, "nothing"]);
    const placed = this.#add("Add", [zeros, "places"]);
    const scores = this.#add("Add", [zeros, "score"]);
    this.#nodes.push(node("Concat", [placed, scores], ["output0"], { axis: 1 }));
    return this.#write(value("output0", "float32", ["N", 5, count]));
  }

  #dense(features: Layer, outputs: number): string {
    const pooled = this.#add("GlobalAveragePool", [features.name]);
    const flat = this.#add("Flatten", [pooled], { axis: 1 });
    const weights = this.#weights([outputs, features.channels]);
    return this.#add("Gemm", [flat, weights, this.#bias(outputs)], { transB: 1 });
  }

  #write(output: ReturnType<typeof value>): Uint8Array<ArrayBuffer> {
    return writeModel({
      inputs: [value(this.image.name, "float32", ["N", 3, this.#edge, this.#edge])],
      outputs: [output],
      nodes: this.#nodes,
      initializers: this.#initializers,
    });
  }

  #add(type: string, inputs: readonly string[], attributes: NodeSource["attributes"] = {}): string {
    const name = `v${this.#nodes.length}`;
    this.#nodes.push(node(type, inputs, [name], attributes));
    return name;
  }

  /**
   * Draws weights of variance 2 / fan-in, which keeps the size of numbers through relus (He et al., 2015).
   *
   * Shapes: [outputs, ...inputs of one output].
   */
  #weights(shape: readonly number[]): string {
    const bound = Math.sqrt(6 / elementCount(shape.slice(1)));
    const draw = () => (2 * this.#random() - 1) * bound;
    return this.#parameter(shape, Float32Array.from({ length: elementCount(shape) }, draw));
  }

  #bias(channels: number): string {
    return this.#parameter([channels], new Float32Array(channels));
  }

  #parameter(shape: readonly number[], data: Float32Array): string {
    const name = `w${this.#initializers.length}`;
    this.#initializers.push({ name, dtype: "float32", shape, data });
    return name;
  }
}
