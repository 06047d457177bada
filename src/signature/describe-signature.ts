import type { DType } from "../tensor/dtype.ts";
import type { Dimension, TensorSpec } from "../tensor/tensor.ts";
import { classMapDType } from "./class-map.ts";
import type { Head, SignatureName } from "./head.ts";

/** An output as clients see it; without a shape where it is no tensor. */
interface OutputDescription {
  readonly name: string;
  readonly dtype: DType;
  readonly shape?: readonly Dimension[];
}

/** Returns what a signature answers with, for the metadata route; the batch dimension first. */
export function describeSignature(
  name: SignatureName,
  head: Head,
  outputs: readonly TensorSpec[],
): readonly OutputDescription[] {
  switch (name) {
    case "serving_default":
      return outputs;
    case "class":
      return head.task === "segmentation"
        ? [{ name, dtype: mapDType(head), shape: ["N", "height", "width"] }]
        : [{ name, dtype: "int64", shape: isMultiLabel(head) ? ["N", "any"] : ["N"] }];
    case "label":
      return [{ name, dtype: "string", shape: isMultiLabel(head) ? ["N", "any"] : ["N"] }];
    case "mask_png":
      return [{ name, dtype: "string", shape: ["N"] }];
    case "scores":
      return [{ name, dtype: "float32", shape: ["N", "classes" in head ? head.classes : "classes"] }];
    case "mask":
      return [{ name, dtype: mapDType(head), shape: ["N", "source height", "source width"] }];
    case "boxes":
      return [{ name, dtype: "string" }];
    case "detection":
      return [
        { name: "num_detections", dtype: "int64", shape: ["N"] },
        { name: "detection_boxes", dtype: "float32", shape: ["N", "any", 4] },
        { name: "detection_scores", dtype: "float32", shape: ["N", "any"] },
        { name: "detection_classes", dtype: "int64", shape: ["N", "any"] },
      ];
    case "base64_prediction":
      return [
        { name, dtype: "string", shape: ["N"] },
        { name: "shape", dtype: "int64", shape: ["N", 2] },
        { name: "dtype", dtype: "string", shape: ["N"] },
      ];
    case "top_k":
    case "custom":
      return [{ name, dtype: "string" }];
  }
}

function mapDType(head: Head): DType {
  return classMapDType("classes" in head ? head.classes : 0);
}

function isMultiLabel(head: Head): boolean {
  return head.task === "classification" && head.isMultiLabel === true;
}
