import { channelMeans } from "./image-models.ts";
import { node, value, writeModel } from "./model-writer.ts";
import { constant } from "./tensor-proto.ts";

/** Centre x, centre y, width, height in pixels of 8 x 8, and the weight of the score: the second overlaps the first. */
const ANCHORS = [
  [2, 2, 4, 4, 0.9],
  [2.25, 2, 4, 4, 1],
  [6, 6, 4, 4, 0.5],
  ...Array.from({ length: 5 }, () => [4, 4, 8, 8, 0.1]),
];

/**
 * An Ultralytics detector: every anchor shows the picture's own colour, red, green and blue being classes 0, 1, 2.
 *
 * Shapes: images float32 [N, 3, 8, 8] → output0 [N, 7, 8].
 */
export function ultralytics(): Uint8Array<ArrayBuffer> {
  const boxes = [0, 1, 2, 3].flatMap((edge) => ANCHORS.map((anchor) => anchor[edge] ?? 0));
  const weights = ANCHORS.map((anchor) => anchor[4] ?? 0);
  return writeModel({
    inputs: [value("images", "float32", ["N", 3, 8, 8])],
    outputs: [value("output0", "float32", ["N", 7, 8])],
    initializers: [
      constant("boxes", "float32", [1, 4, 8], boxes),
      constant("weights", "float32", [1, 1, 8], weights),
      constant("zero", "float32", [], [0]),
      constant("last", "int64", [1], [2]),
    ],
    nodes: [
      ...channelMeans("images", "means"),
      node("Unsqueeze", ["means", "last"], ["colors"]),
      node("Mul", ["colors", "weights"], ["scores"]),
      node("ReduceMean", ["colors"], ["mean"], { axes: [1], keepdims: 1 }),
      node("Mul", ["mean", "zero"], ["nothing"]),
      node("Add", ["nothing", "boxes"], ["placed"]),
      node("Concat", ["placed", "scores"], ["output0"], { axis: 1 }),
    ],
  });
}

/**
 * A torchvision detector, without a batch axis: a box for each of red, green and blue that is above 0.5, as
 * labels 1, 2, 3; a black picture has none.
 *
 * Shapes: images float32 [1, 3, 8, 8], or as torch.onnx exports it [3, 8, 8] → boxes [n, 4], labels int64 [n],
 * scores [n], n from 0 to 3.
 */
export function torchvision({ isBatched = true } = {}): Uint8Array<ArrayBuffer> {
  return writeModel({
    inputs: [value("images", "float32", isBatched ? [1, 3, 8, 8] : [3, 8, 8])],
    outputs: [
      value("boxes", "float32", ["n", 4]),
      value("labels", "int64", ["n"]),
      value("scores", "float32", ["n"]),
    ],
    initializers: [
      constant("places", "float32", [3, 4], [0, 0, 4, 4, 4, 0, 8, 4, -2, 4, 8, 10]),
      constant("half", "float32", [], [0.5]),
      constant("one", "int64", [], [1]),
      constant("first", "int64", [1], [0]),
    ],
    nodes: [
      ...(isBatched ? [] : [node("Unsqueeze", ["images", "first"], ["batch"])]),
      ...channelMeans(isBatched ? "images" : "batch", "means"),
      node("Squeeze", ["means", "first"], ["levels"]),
      node("Greater", ["levels", "half"], ["shown"]),
      node("NonZero", ["shown"], ["indices"]),
      node("Squeeze", ["indices", "first"], ["found"]),
      node("Gather", ["places", "found"], ["boxes"]),
      node("Gather", ["levels", "found"], ["scores"]),
      node("Add", ["found", "one"], ["labels"]),
    ],
  });
}
