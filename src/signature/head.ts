import { classMapDType } from "./class-map.ts";
import type { DetectionOutputs } from "./detection-outputs.ts";
import type { SignatureParameters } from "./signature-parameters.ts";

/** What turns logits into probabilities. `none`: the model's output already is one. */
export type Activation = "softmax" | "sigmoid" | "none";

/** How a model's outputs are to be read. Plain data, so that it can cross to another thread. */
export type Head = TaskHead & {
  /** A handler's `postprocess` answers, as signature `custom`. */
  readonly hasPostprocess?: boolean;
};

type TaskHead =
  /** One row of the output is `[classes]`; that of a binary classification `[1]`, for class 1 against class 0. */
  | {
      readonly task: "classification";
      readonly output: string;
      readonly classes: number;
      readonly labels?: readonly string[];
      readonly activation: Activation;
      /** Any number of classes can be right at once. */
      readonly isMultiLabel?: boolean;
      /** One number for two classes. */
      readonly isBinary?: boolean;
      readonly parameters?: Partial<SignatureParameters>;
    }
  /** One row of the output is `[classes, h, w]`; a single class is foreground against background. */
  | {
      readonly task: "segmentation";
      readonly output: string;
      /** The model took the best class itself: one row is integers `[h, w]` or `[1, h, w]`. */
      readonly isClassMap?: boolean;
      /** One row of the output is `[h, w, classes]`. */
      readonly isChannelsLast?: boolean;
      readonly classes: number;
      readonly labels?: readonly string[];
      readonly activation: Activation;
    }
  /** Things in a picture, each with a box. */
  | {
      readonly task: "detection";
      readonly outputs: DetectionOutputs;
      readonly labels?: readonly string[];
      /** The class that the first label names. */
      readonly firstLabel?: number;
      readonly parameters?: Partial<SignatureParameters>;
    }
  /** Numbers that are no scores, or any tensors. */
  | { readonly task: "regression" | "generic" };

/** Named forms of output, in the order in which users read them. */
export const SIGNATURE_NAMES = [
  "serving_default",
  "class",
  "label",
  "scores",
  "top_k",
  "mask",
  "mask_png",
  "base64_prediction",
  "boxes",
  "detection",
  "custom",
] as const;

/** `class_score` is the answer of TorchServe's image_segmenter alone, which nobody asks for by name. */
export type SignatureName = (typeof SIGNATURE_NAMES)[number] | "class_score";

/** Returns the signatures that a head offers, a handler's `custom` last. */
export function offeredSignatures(head: Head): readonly SignatureName[] {
  const own = signaturesOfTask(head);
  return head.hasPostprocess ? [...own, "custom"] : own;
}

/** A palette has no more than 256 colours. */
function signaturesOfTask(head: TaskHead): readonly SignatureName[] {
  switch (head.task) {
    case "classification":
      return head.labels === undefined
        ? ["serving_default", "class", "scores", "top_k"]
        : ["serving_default", "class", "label", "scores", "top_k"];
    case "segmentation":
      return classMapDType(head.classes) === "uint8"
        ? ["serving_default", "class", "mask", "mask_png", "base64_prediction"]
        : ["serving_default", "class", "mask", "base64_prediction"];
    case "detection":
      return ["serving_default", "boxes", "detection"];
    case "regression":
    case "generic":
      return ["serving_default"];
  }
}
