/** The families of detectors by the form of their outputs; shapes are those of one row. */
export type DetectionOutputs =
  /**
   * `boxes` `[Q, 4]`: centre x, centre y, width, height in 0..1 of the input. `scores` `[Q, C]` logits; with
   * softmax the last class is "no object".
   *
   * @see huggingface/transformers `models/detr/image_processing_detr.py` post_process_object_detection
   */
  | {
      readonly form: "detr";
      readonly boxes: string;
      readonly scores: string;
      readonly activation: "softmax" | "sigmoid";
    }
  /**
   * `boxes` `[n, 4]`: x1, y1, x2, y2 in pixels of the input, `scores` `[n]`, `classes` `[n]`.
   *
   * @see pytorch/vision `torchvision/models/detection/roi_heads.py`
   */
  | {
      readonly form: "torchvision";
      readonly boxes: string;
      readonly scores: string;
      readonly classes: string;
    }
  /**
   * `boxes` `[n, 4]`: y1, x1, y2, x2 in 0..1 of the input, `scores` `[n]`, `classes` `[n]`; the first `count` are
   * meant.
   *
   * @see tensorflow/models `research/object_detection/exporter_lib_v2.py`
   */
  | {
      readonly form: "tensorflow";
      readonly boxes: string;
      readonly scores: string;
      readonly classes: string;
      readonly count: string;
    }
  /**
   * `output` `[4 + C + more, A]`: centre x, centre y, width, height in pixels of the input, then a probability of each
   * class, then what is no class (mask coefficients, key points); many boxes for each thing.
   *
   * @see ultralytics/ultralytics `ultralytics/utils/nms.py` non_max_suppression
   */
  | {
      readonly form: "ultralytics";
      readonly output: string;
      /** @default all that follow the box */
      readonly classes?: number;
    }
  /** `output` `[n, 6 + more]`: x1, y1, x2, y2 in pixels of the input, score, class, then what belongs to the box. */
  | { readonly form: "ultralytics_nms"; readonly output: string };

/** The names of the forms, as serving.json states them. */
export const DETECTORS = ["detr", "torchvision", "tensorflow", "ultralytics", "ultralytics_nms"] as const;
