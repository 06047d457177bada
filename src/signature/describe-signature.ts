import type { DType } from "../tensor/dtype.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import { classMapDType } from "./class-map.ts";
import type { Head, SignatureName } from "./head.ts";

/**
 * Returns what a signature answers with, for the metadata routes; the batch dimension first. Lists of objects (`top_k`,
 * `boxes`) are described by their fields, as `signatureTensors` makes tensors of them.
 */
export function describeSignature(
  name: SignatureName,
  head: Head,
  outputs: readonly TensorSpec[],
): readonly TensorSpec[] {
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
    case "class_score":
      return [{ name, dtype: "float32", shape: ["N", "height", "width", 2] }];
    case "top_k":
      return listFields("k");
    case "boxes":
      return [...listFields("any"), { name: "box", dtype: "float32", shape: ["N", "any", 4] }];
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
    case "custom":
      return [{ name, dtype: "string", shape: ["N"] }];
  }
}

function listFields(length: string): readonly TensorSpec[] {
  return [
    { name: "label", dtype: "string", shape: ["N", length] },
    { name: "class", dtype: "int64", shape: ["N", length] },
    { name: "score", dtype: "float32", shape: ["N", length] },
  ];
}

function mapDType(head: Head): DType {
  return classMapDType("classes" in head ? head.classes : 0);
}

function isMultiLabel(head: Head): boolean {
  return head.task === "classification" && head.isMultiLabel === true;
}
