import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConvnetBuilder } from "./convnet-builder.ts";

/** Of the detector's input, in pixels. */
const DETECTOR_EDGE = 320;
/** Of the classifier's. */
const CLASSIFIER_EDGE = 64;

/**
 * Writes a composed model: a detector that finds `crops` boxes, the same in every picture, and a classifier of ten
 * classes that is shown each. Both are a few convolutions with seeded random weights: what they compute means nothing.
 */
export function writeDetectAndClassify(folder: string, crops: number): void {
  const serving = {
    nodes: {
      detect: { model: "detector", from: "image" },
      crops: { step: "crop", from: "detect.boxes" },
      classify: { model: "classifier", from: "crops" },
    },
    outputs: { boxes: "detect.boxes", classes: "classify.class" },
  };
  writeFolder(folder, { "serving.json": JSON.stringify(serving) });
  const preprocess = { rescale_factor: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  const square = (edge: number, method: string) => ({ resize: { height: edge, width: edge, method } });
  const detector = {
    task: "detection",
    detector: "ultralytics",
    labels: ["thing"],
    parameters: { score_threshold: 0.5 },
    preprocess: { ...preprocess, ...square(DETECTOR_EDGE, "letterbox") },
  };
  const classifier = {
    task: "classification",
    preprocess: { ...preprocess, ...square(CLASSIFIER_EDGE, "squish") },
  };
  writeFolder(join(folder, "detector"), {
    "model.onnx": smallNet(3, DETECTOR_EDGE, [8, 16, 32, 32]).detect(placeBoxes(crops)),
    "serving.json": JSON.stringify(detector),
  });
  writeFolder(join(folder, "classifier"), {
    "model.onnx": smallNet(4, CLASSIFIER_EDGE, [16, 32, 64]).classify(10),
    "serving.json": JSON.stringify(classifier),
  });
}

/** Side by side in rows of four, so that none overlaps another; the middle 240 lines of 320 are the picture. */
function placeBoxes(count: number): readonly (readonly number[])[] {
  const rows = Math.ceil(count / 4);
  return Array.from({ length: count }, (_, i) => [
    40 + 80 * (i % 4),
    40 + (240 / rows) * (Math.floor(i / 4) + 0.5),
    60,
    Math.min(60, 240 / rows - 4),
  ]);
}

/** Convolutions of stride 2, each with a relu. */
function smallNet(seed: number, edge: number, channels: readonly number[]) {
  const net = new ConvnetBuilder(seed, edge);
  const features = channels.reduce(
    (layer, width) => net.relu(net.convolution(layer, { channels: width, kernel: 3, stride: 2 })),
    net.image,
  );
  return {
    detect: (boxes: readonly (readonly number[])[]) => net.detect(features, boxes),
    classify: (classes: number) => net.classify(features, classes),
  };
}

function writeFolder(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}
