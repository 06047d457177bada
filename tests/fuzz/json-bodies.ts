import fc from "fast-check";
import { applyByteEdits, byteEdit } from "./byte-edits.ts";
import { type FuzzModel, tensorInstance } from "./fuzz-model.ts";
import { applyJsonEdits, jsonEdit } from "./json-edits.ts";
import { textOf, treeOf } from "./json-tree.ts";

type Form = (images: readonly Buffer[]) => Record<string, unknown>;

const b64 = (bytes: Buffer) => ({ b64: bytes.toString("base64") });
const first = (images: readonly Buffer[]) => images[0] ?? Buffer.alloc(0);

/** Every way of the dialects to hold images, and what only looks like one. */
const IMAGE_FORMS: readonly Form[] = [
  (images) => ({ instances: images.map((image) => ({ image_bytes: b64(image) })) }),
  (images) => ({ instances: images.map((image, key) => ({ image_bytes: b64(image), key })) }),
  (images) => ({ instances: images.map(b64) }),
  (images) => ({ instances: images.map((image) => ({ input: b64(image) })) }),
  (images) => ({ instances: images.map((image) => ({ image_bytes: image.toString("base64url") })) }),
  (images) => ({ instances: images.map((image) => image.toString("base64")) }),
  (images) => ({ image_bytes: b64(first(images)) }),
  (images) => ({
    image_bytes: `data:image/png;base64,${first(images).toString("base64")}`,
    key: { id: [1] },
  }),
  (images) => ({ inputs: images.map(b64) }),
  (images) => ({ inputs: { image_bytes: images.map(b64) } }),
  (images) => ({ instances: images.map((image) => ({ image_bytes: rawArray(image) })) }),
  (images) => ({ instances: images.map(rawArray) }),
  () => ({
    instances: [{ image_bytes: { b64: "AAECAwQF", shape: [1, 2, 3], dtype: "uint8", layout: "HWC" } }],
  }),
  () => ({ instances: [nested([3, 4, 4])] }),
  () => ({ inputs: [nested([3, 4, 4]), nested([3, 4, 4])] }),
];

/** Rows and columns of the model of tensors. */
const TENSOR_FORMS: readonly Form[] = [
  () => ({ instances: [tensorInstance(1)] }),
  () => ({ instances: [1, 2, 3].map(tensorInstance) }),
  () => ({ instances: [{ ...tensorInstance(1), key: "k" }, tensorInstance(2)] }),
  () => ({ instances: [{ ...tensorInstance(1), c: { b64: "dGV4dA==" } }] }),
  () => ({ inputs: { a: [[1, 2]], b: [1], c: ["c"] } }),
  () => ({
    inputs: {
      a: [
        [1, 2],
        [3, 4],
      ],
      b: [1, -9007199254740991],
      c: ["c", ""],
    },
  }),
  () => ({ inputs: { a: [], b: [], c: [] } }),
  () => ({ instances: [nested([2]), nested([2])] }),
  (images) => ({ instances: images.map((image) => ({ image_bytes: b64(image) })) }),
];

const SIGNATURES: readonly string[] = [
  ...["serving_default", "class", "label", "scores", "top_k", "mask", "mask_png", "base64_prediction"],
  ...["boxes", "detection", "custom", "", "no_such"],
];

const options = fc.record(
  {
    signature_name: fc.constantFrom(...SIGNATURES),
    parameters: fc.record(
      {
        k: fc.oneof(fc.nat(12), fc.double(), fc.constant(null)),
        score_threshold: fc.oneof(fc.double(), fc.constant("0.5")),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

/** Returns bodies that are JSON of a form that the model's routes know, mostly with edits. */
export function jsonBodies(takes: FuzzModel["takes"], image: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const parts = {
    form: fc.constantFrom(...(takes === "images" ? IMAGE_FORMS : TENSOR_FORMS)),
    images: fc.array(image, { minLength: 1, maxLength: 4 }),
    options: fc.option(options, { nil: {}, freq: 2 }),
    jsonEdits: fc.array(jsonEdit, { maxLength: 3 }),
    byteEdits: fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(byteEdit, { minLength: 1, maxLength: 2 }) },
    ),
  };
  return fc.record(parts).map(({ form, images, options, jsonEdits, byteEdits }) => {
    const tree = applyJsonEdits(treeOf({ ...form(images), ...options }), jsonEdits);
    return applyByteEdits(Buffer.from(textOf(tree)), byteEdits);
  });
}

/** The image's first bytes as pixels. */
function rawArray(image: Buffer): Record<string, unknown> {
  const width = Math.floor(image.length / 12);
  return { ...b64(image.subarray(0, width * 12)), shape: [2, width, 3], dtype: "uint16" };
}

/** Zeros. */
function nested(shape: readonly number[]): unknown {
  const [size, ...rest] = shape;
  return size === undefined ? 0 : Array.from({ length: size }, () => nested(rest));
}
