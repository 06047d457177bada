import type { Servable } from "../../servable.ts";
import { classMapDType } from "../../signature/class-map.ts";
import { type Head, offeredSignatures, type SignatureName } from "../../signature/head.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import { rowOutputs } from "../row-outputs.ts";
import type { DescribedModel, DocumentScope } from "./document-scope.ts";
import { ANYTHING, anyOf, FLOAT, INTEGER, listOf, object, type Schema, TEXT } from "./schema.ts";
import { answeredTensor } from "./tensor-schema.ts";

/** Returns what one prediction of any model is, whatever signature is asked for; or what stands in its place. */
export function anyPrediction(scope: DocumentScope): Schema {
  return anyOf(scope.models.map((model) => prediction(scope, model)));
}

/** Returns what one prediction of a model is, in any signature that it offers. */
export function prediction(scope: DocumentScope, model: DescribedModel): Schema {
  return scope.define(`${model.key}.Prediction`, () =>
    anyOf(offeredSignatures(model.servable.head).map((name) => signaturePrediction(scope, model, name))),
  );
}

/** Returns what one prediction of a model is in one signature. */
export function signaturePrediction(
  scope: DocumentScope,
  model: DescribedModel,
  name: SignatureName,
): Schema {
  return scope.define(`${model.key}.${name}`, () => ({
    description: DESCRIPTIONS[name],
    ...schemaOf(name, scope, model),
  }));
}

const DESCRIPTIONS: Readonly<Record<SignatureName, string>> = {
  serving_default: "The model's raw output for one instance; by name where it has several.",
  class:
    "The best class; the list of those that pass of a multi-label model; one for each pixel of a segmentation.",
  label: "The name of the best class; the list of those that pass of a multi-label model.",
  scores: "A probability for each class.",
  top_k: "The best classes, best first.",
  mask: "The class of each pixel, at the size of the source image.",
  mask_png: "The class of each pixel, at the size of the source image, as an 8-bit palette PNG.",
  base64_prediction: "The class of each pixel, at the size of the source image, as row-major bytes.",
  boxes: "What was found, best first. Boxes are x1, y1, x2, y2 in pixels of the source image.",
  detection: "What was found, by TensorFlow's names. Boxes are ymin, xmin, ymax, xmax in 0 to 1.",
  custom: "What the model's own code makes of it.",
  class_score: "The best class of each pixel and its probability, as TorchServe's image_segmenter answers.",
};

function schemaOf(name: SignatureName, scope: DocumentScope, { key, servable }: DescribedModel): Schema {
  const { head } = servable;
  const label = labelOf(scope, key, head);
  const number: Schema = { type: "integer", minimum: 0 };
  switch (name) {
    case "serving_default":
      return rawRow(servable);
    case "class": {
      if (head.task === "segmentation") return listOf(listOf(number));
      return isMultiLabel(head) ? listOf(classOf(head)) : classOf(head);
    }
    case "label":
      return isMultiLabel(head) ? listOf(label) : label;
    case "scores":
      return answeredTensor("float32", ["classes" in head ? head.classes : "classes"]);
    case "top_k":
      return listOf(object({ label, class: classOf(head), score: FLOAT }));
    case "mask":
      return listOf(listOf(number));
    case "mask_png":
      return keyed({ b64: base64Of("image/png") });
    case "base64_prediction":
      return keyed({
        base64_prediction: base64Of("application/octet-stream"),
        shape: answeredTensor("int64", [2]),
        dtype: { const: classMapDType("classes" in head ? head.classes : 0) },
      });
    case "boxes":
      return listOf(
        object({ label, class: classOf(head), score: FLOAT, box: answeredTensor("float32", [4]) }),
      );
    case "detection":
      return keyed({
        num_detections: number,
        detection_boxes: answeredTensor("float32", ["any", 4]),
        detection_scores: answeredTensor("float32", ["any"]),
        detection_classes: listOf(classOf(head)),
      });
    case "custom":
      return ANYTHING;
    case "class_score":
      return answeredTensor("float32", ["height", "width", 2]);
  }
}

/** Returns the schema of one instance's raw outputs, as TensorFlow Serving writes a row. */
function rawRow(servable: Servable): Schema {
  if (servable.composition !== undefined) {
    const names = Object.keys(servable.composition.outputs);
    return names.length === 1 ? ANYTHING : keyed(Object.fromEntries(names.map((name) => [name, ANYTHING])));
  }
  const rows = rowOutputs(servable).map(({ name, dtype, shape }) => {
    return [name, rawTensor({ name, dtype, shape: shape.slice(1) })] as const;
  });
  const [first, second] = rows;
  return second === undefined ? (first?.[1] ?? ANYTHING) : keyed(Object.fromEntries(rows));
}

/** Returns the schema of a raw output. Strings of one whose name ends in `_bytes` are bytes. */
export function rawTensor({ name, dtype, shape }: TensorSpec): Schema {
  if (dtype !== "string" || !name.endsWith("_bytes")) return answeredTensor(dtype, shape);
  return shape.reduce<Schema>(
    (items) => listOf(items),
    object({ b64: base64Of("application/octet-stream") }),
  );
}

/** Returns the schema of a prediction that is an object: the caller's own key is put into it. */
function keyed(properties: Readonly<Record<string, Schema>>): Schema {
  return object(properties, "key" in properties ? {} : { key: { description: "The instance's own." } });
}

/** Most labels that stand in a document. */
const MAX_LABELS = 1000;

/** A class that has no label is named by its number. */
function labelOf(scope: DocumentScope, key: string, head: Head): Schema {
  const labels = "labels" in head ? [...new Set(head.labels)] : [];
  if (labels.length === 0 || labels.length > MAX_LABELS) return TEXT;
  return scope.define(`${key}.Label`, () => ({
    anyOf: [{ enum: labels }, { type: "string", pattern: "^\\d+$", description: "A class without a label." }],
  }));
}

/** A detector may give numbers that are no class. */
function classOf(head: Head): Schema {
  if (head.task === "detection") return FLOAT;
  const classes = "classes" in head ? Math.max(2, head.classes) : undefined;
  return { ...INTEGER, minimum: 0, ...(classes === undefined ? {} : { maximum: classes - 1 }) };
}

function base64Of(contentMediaType: string): Schema {
  return { type: "string", contentEncoding: "base64", contentMediaType };
}

function isMultiLabel(head: Head): boolean {
  return head.task === "classification" && head.isMultiLabel === true;
}
