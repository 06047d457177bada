import type { ModelMetadata } from "../../../src/console/model-metadata.ts";

/** A classifier as the server describes it. */
export const CLASSIFIER: ModelMetadata = {
  file: "model.onnx",
  sha256: "0123456789abcdef".repeat(4),
  provider: "cpu",
  task: "classification",
  labels: ["cat", "dog"],
  activation: "softmax",
  multi_label: false,
  parameters: { k: 5, score_threshold: 0.5, iou_threshold: 0.7, max_detections: 100 },
  signatures: ["serving_default", "class", "label", "scores", "top_k"],
  preprocess: {
    color: "RGB",
    resize: { kind: "exact", size: { height: 32, width: 48 }, filter: "bilinear" },
    rescaleFactor: 1 / 255,
    isFactorForBytes: true,
    mean: [0.485, 0.456, 0.406],
  },
  accepts: { pictures: true },
  origins: { task: "the output's shape", resize: "preprocessor_config.json", labels: "config.json" },
  warnings: [],
  golden: { largestDifference: 0.00001234, tolerance: 0.001 },
  batching: { kind: "rows", max_batch_size: 4, reason: "the best of those tried", measured: [] },
  lanes: { count: 1, intra_op_threads: 2, reason: "one is the fastest" },
  limits: { max_body_bytes: 1000 },
  samples: [],
};
