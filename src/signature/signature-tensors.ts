import { ServingError } from "../errors.ts";
import type { AnswerTensors } from "../tensor/answer-tensor.ts";
import { allocate, type DType } from "../tensor/dtype.ts";
import { mergeRows } from "../tensor/rows.ts";
import { elementCount, formatShape, isTensor, type Tensor } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import type { SignatureName } from "./head.ts";

/** What fills the rows of those that found less than another one: no class has the number, no label the name. */
const PADDING = { class: -1n, label: "", score: 0, box: 0 } as const;

/**
 * Returns the answers of a signature to all instances of a request as named tensors, for wire formats that carry
 * nothing else. Their names and types are those that `describeSignature` tells.
 *
 * Shapes: n answers → tensors `[n, ...]`. Where the answers are lists (the classes of a multi-label model, boxes) all
 * rows are as long as the longest; what is added has class -1, label "", score 0 and box 0. A `custom` answer becomes
 * JSON text, one for each instance.
 * Order: row i is answer i.
 *
 * @param writeText writes a value as JSON
 * @throws {ServingError} INVALID_ARGUMENT when masks of several sizes would have to be one tensor.
 */
export function signatureTensors(
  name: Exclude<SignatureName, "serving_default">,
  answers: readonly Value[],
  writeText: (value: Value) => string,
): AnswerTensors {
  switch (name) {
    case "class":
      return { class: answers.some(isTensor) ? stack(name, answers) : padded("class", answers) };
    case "label":
      return { label: padded("label", answers) };
    case "scores":
    case "mask":
    case "class_score":
      return { [name]: stack(name, answers) };
    case "top_k":
      return fieldsOf(answers, ["label", "class", "score"]);
    case "boxes":
      return fieldsOf(answers, ["label", "class", "score", "box"]);
    case "detection":
      return detectionTensors(answers);
    case "mask_png": {
      const data = answers.map((answer) => Buffer.from(field(answer, "b64") as string, "base64"));
      return { mask_png: { dtype: "bytes", shape: [data.length], data } };
    }
    case "base64_prediction":
      return {
        base64_prediction: strings(answers.map((answer) => field(answer, "base64_prediction"))),
        shape: integers(
          [answers.length, 2],
          answers.flatMap((answer) => field(answer, "shape") as number[]),
        ),
        dtype: strings(answers.map((answer) => field(answer, "dtype"))),
      };
    case "custom":
      return { custom: strings(answers.map(writeText)) };
  }
}

/** Shapes: n tensors `[...S]` → `[n, ...S]`. */
function stack(name: SignatureName, answers: readonly Value[]): Tensor {
  const rows = answers as readonly Tensor[];
  const shapes = new Set(rows.map(({ shape }) => formatShape(shape)));
  if (shapes.size > 1) {
    const [one, other] = shapes;
    const hint = name === "mask" ? ", or ask for base64_prediction" : "";
    throw new ServingError(
      "INVALID_ARGUMENT",
      `the answers differ in shape (${one} and ${other}), so that they are no tensor: send images of one size${hint}`,
    );
  }
  return mergeRows(rows);
}

/** Shapes: n scalars → `[n]`; n lists → `[n, length of the longest]`. */
function padded(kind: "class" | "label", answers: readonly Value[]): Tensor {
  if (!answers.some(Array.isArray)) return writeField(kind, [answers.length], answers);
  return padLists(kind, answers as readonly (readonly Value[])[]);
}

type FieldName = keyof typeof PADDING;

/** Shapes: n lists of objects → for each name `[n, length of the longest]`, boxes `[n, ..., 4]`. */
function fieldsOf(answers: readonly Value[], names: readonly FieldName[]): AnswerTensors {
  const lists = answers as readonly (readonly Value[])[];
  const columns = names.map(
    (name) =>
      [
        name,
        padLists(
          name,
          lists.map((list) => list.map((one) => field(one, name))),
        ),
      ] as const,
  );
  return Object.fromEntries(columns);
}

function padLists(kind: FieldName, lists: readonly (readonly Value[])[]): Tensor {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  const filled = lists.flatMap((list) => [...list, ...new Array<null>(longest - list.length).fill(null)]);
  return writeField(kind, [lists.length, longest], filled);
}

/** TensorFlow's names. @see tensorflow/models `research/object_detection/core/standard_fields.py` DetectionResultFields */
function detectionTensors(answers: readonly Value[]): AnswerTensors {
  const rows = (name: string) => answers.map((answer) => field(answer, name));
  const parts = (name: string, size: number) =>
    (rows(name) as readonly Tensor[]).map(({ data }) =>
      Array.from({ length: data.length / size }, (_, i): Tensor => {
        const part = (data as Float32Array).subarray(i * size, (i + 1) * size);
        return { dtype: "float32", shape: [size], data: part };
      }),
    );
  return {
    num_detections: integers([answers.length], rows("num_detections") as number[]),
    detection_boxes: padLists("box", parts("detection_boxes", 4)),
    detection_scores: padLists("score", parts("detection_scores", 1)),
    detection_classes: padLists("class", rows("detection_classes") as (readonly Value[])[]),
  };
}

const FIELD_DTYPE: Readonly<Record<FieldName, DType>> = {
  class: "int64",
  label: "string",
  score: "float32",
  box: "float32",
};

/** Shapes: values in row-major order, null where there is none → `shape`, `[...shape, 4]` of boxes. */
function writeField(kind: FieldName, shape: readonly number[], values: readonly Value[]): Tensor {
  const dtype = FIELD_DTYPE[kind];
  const size = kind === "box" ? 4 : 1;
  const data = allocate(dtype, elementCount(shape) * size) as { [index: number]: unknown };
  for (const [i, value] of values.entries()) {
    for (let j = 0; j < size; j++) data[i * size + j] = elementOf(kind, value, j);
  }
  return { dtype, shape: kind === "box" ? [...shape, 4] : shape, data: data as Tensor["data"] };
}

function elementOf(kind: FieldName, value: Value, index: number): unknown {
  if (value === null) return PADDING[kind];
  if (isTensor(value)) return value.data[index];
  return kind === "class" ? toInteger(value as number) : value;
}

function strings(data: readonly Value[]): Tensor {
  return { dtype: "string", shape: [data.length], data: data as string[] };
}

function integers(shape: readonly number[], numbers: readonly number[]): Tensor {
  return { dtype: "int64", shape, data: BigInt64Array.from(numbers, toInteger) };
}

/** A detector may give its classes as floats, NaN among them. */
function toInteger(number: number): bigint {
  return Number.isSafeInteger(number) ? BigInt(number) : PADDING.class;
}

function field(answer: Value | undefined, name: string): Value {
  const value = (answer as { readonly [key: string]: Value } | undefined)?.[name];
  if (value !== undefined) return value;
  throw new ServingError("INTERNAL", `an answer without "${name}"; this is a bug`);
}
