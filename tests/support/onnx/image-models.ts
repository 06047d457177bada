import type { Dimension } from "../../../src/tensor/tensor.ts";
import { type NodeSource, node, value, writeModel } from "./model-writer.ts";
import { constant } from "./tensor-proto.ts";

interface ImageSize {
  /** Input height; a name makes it dynamic. @default 8 */
  readonly height?: Dimension;
  /** Input width; a name makes it dynamic. @default 8 */
  readonly width?: Dimension;
}

/** The mean of each channel: a red picture is class 0. Shapes: image float32 [N, 3, H, W] → logits [N, 3]. */
export function classifier({ height = 8, width = 8 }: ImageSize = {}): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("image", "float32", ["N", 3, height, width])],
    outputs: [value("logits", "float32", ["N", 3])],
    nodes: channelMeans("image", "logits"),
  });
}

/** As {@link classifier}, exported with a frozen batch. Shapes: image float32 [1, 3, 8, 8] → logits [1, 3]. */
export function staticBatchOne(): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("image", "float32", [1, 3, 8, 8])],
    outputs: [value("logits", "float32", [1, 3])],
    nodes: channelMeans("image", "logits"),
  });
}

/**
 * Answers the number that a picture of one colour stands for; see {@link colorOfNumber}.
 *
 * Shapes: image float32 [N, 3, H, W] → number [N, 1].
 * Units: pixels in 0..1 (`scale` 255, the default) or 0..255 (`scale` 1); numbers below 2^24, exact in float32.
 */
export function imageEcho({
  height = 8,
  width = 8,
  scale = 255,
}: ImageSize & { readonly scale?: number } = {}): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("image", "float32", ["N", 3, height, width])],
    outputs: [value("number", "float32", ["N", 1])],
    initializers: [
      constant("scale", "float32", [], [scale]),
      constant("places", "float32", [3, 1], [65536, 256, 1]),
    ],
    nodes: [
      ...channelMeans("image", "means"),
      node("Mul", ["means", "scale"], ["levels"]),
      node("Round", ["levels"], ["color"]),
      node("MatMul", ["color", "places"], ["number"]),
    ],
  });
}

/** Returns the red, green and blue levels (0..255) whose picture {@link imageEcho} reads as `number`. */
export function colorOfNumber(number: number): [red: number, green: number, blue: number] {
  return [(number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff];
}

/**
 * Scores of each pixel: classes 0, 1, 2 are its red, green and blue, class 3 the constant 0.25 (black wins it).
 *
 * Shapes: image float32 [N, 3, H, W] → scores [N, classes, H, W].
 */
export function segmentation({
  classes = 3,
  height = 8,
  width = 8,
}: ImageSize & { readonly classes?: 1 | 2 | 3 | 4 } = {}): Uint8Array<ArrayBuffer> {
  const weights = Array.from({ length: classes * 3 }, (_, i) => (Math.floor(i / 3) === i % 3 ? 1 : 0));
  const bias = Array.from({ length: classes }, (_, i) => (i === 3 ? 0.25 : 0));
  return writeModel({
    inputs: [value("image", "float32", ["N", 3, height, width])],
    outputs: [value("scores", "float32", ["N", classes, height, width])],
    initializers: [
      constant("weights", "float32", [classes, 3, 1, 1], weights),
      constant("bias", "float32", [classes], bias),
    ],
    nodes: [node("Conv", ["image", "weights", "bias"], ["scores"], { kernel_shape: [1, 1] })],
  });
}

/** The best class of each pixel, taken in the graph. Shapes: image float32 [N, 3, 8, 8] → classes int64 [N, 8, 8]. */
export function argmaxed(): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("image", "float32", ["N", 3, 8, 8])],
    outputs: [value("classes", "int64", ["N", 8, 8])],
    nodes: [node("ArgMax", ["image"], ["classes"], { axis: 1, keepdims: 0 })],
  });
}

interface BandSource extends ImageSize {
  /** @default 6 */
  readonly bands?: number;
  /** @default "CHW" */
  readonly layout?: "CHW" | "HWC";
}

/** The mean of each band. Shapes: bands float32 [N, C, H, W] or [N, H, W, C] → means [N, C]. */
export function bandMeans({
  bands = 6,
  height = 8,
  width = 8,
  layout = "CHW",
}: BandSource = {}): Uint8Array<ArrayBuffer> {
  const isFirst = layout === "CHW";
  return writeModel({
    inputs: [value("bands", "float32", isFirst ? ["N", bands, height, width] : ["N", height, width, bands])],
    outputs: [value("means", "float32", ["N", bands])],
    nodes: [node("ReduceMean", ["bands"], ["means"], { axes: isFirst ? [2, 3] : [1, 2], keepdims: 0 })],
  });
}

/** The largest of six bands at each pixel. Shapes: bands float32 [N, 6, 8, 8] → classes int64 [N, 8, 8]. */
export function largestBand(): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("bands", "float32", ["N", 6, 8, 8])],
    outputs: [value("classes", "int64", ["N", 8, 8])],
    nodes: [node("ArgMax", ["bands"], ["classes"], { axis: 1, keepdims: 0 })],
  });
}

/** A classifier with channels last. Shapes: image float32 [N, 8, 8, 3] → logits [N, 3]. */
export function channelsLast(): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("image", "float32", ["N", 8, 8, 3])],
    outputs: [value("logits", "float32", ["N", 3])],
    nodes: [node("ReduceMean", ["image"], ["logits"], { axes: [1, 2], keepdims: 0 })],
  });
}

/** A classifier in half precision, in and out. Shapes: image float16 [N, 3, 8, 8] → logits float16 [N, 3]. */
export function float16Image(): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("image", "float16", ["N", 3, 8, 8])],
    outputs: [value("logits", "float16", ["N", 3])],
    nodes: [
      node("Cast", ["image"], ["pixels"], { to: 1 }),
      ...channelMeans("pixels", "means"),
      node("Cast", ["means"], ["logits"], { to: 10 }),
    ],
  });
}

/** A classifier that normalises by itself. Shapes: image uint8 [N, 3, 8, 8], 0..255 → logits float32 [N, 3]. */
export function uint8Image(): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("image", "uint8", ["N", 3, 8, 8])],
    outputs: [value("logits", "float32", ["N", 3])],
    nodes: [node("Cast", ["image"], ["pixels"], { to: 1 }), ...channelMeans("pixels", "logits")],
  });
}

/** Returns the nodes that take `image` [N, C, H, W] to `means` [N, C]. */
export function channelMeans(image: string, means: string): NodeSource[] {
  return [node("GlobalAveragePool", [image], ["pooled"]), node("Flatten", ["pooled"], [means], { axis: 1 })];
}
