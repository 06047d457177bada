import { ARRAY_DTYPES, ARRAY_LAYOUTS } from "../../tensor/array-format.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import type { DescribedModel, DocumentScope } from "./document-scope.ts";
import { anyOf, closedObject, listOf, type Schema, TEXT } from "./schema.ts";
import { sentTensor } from "./tensor-schema.ts";

/** TensorFlow Serving reads a bare string as its own bytes. */
export type WireDialect = "analyze" | "tfs";

/** Returns what one element of `instances` may be, of any model. */
export function anyInstance(scope: DocumentScope, dialect: WireDialect): Schema {
  return anyOf(scope.models.map((model) => instance(scope, model, dialect)));
}

function instance(scope: DocumentScope, { key, servable }: DescribedModel, dialect: WireDialect): Schema {
  const { inputs, imageInput } = servable.modelInputs;
  const name = dialect === "analyze" ? `${key}.Instance` : `${key}.InstanceOfPredict`;
  return scope.define(name, () => {
    const row = rowOf(inputs);
    if (imageInput === undefined) return row;
    const image = imageOf(scope, dialect);
    const names = new Set(["image_bytes", imageInput]);
    return anyOf([
      ...[...names].map((property) => closedObject({ [property]: image }, KEY)),
      closedObject({ b64: base64(scope) }, KEY),
      closedObject({ b64: base64(scope), shape: SHAPE }, { ...ARRAY_OPTIONS, ...KEY }),
      row,
    ]);
  });
}

const KEY = { key: { description: "Any JSON; it stands in the answer of this instance." } };

/** Returns an image as it stands in JSON: base64, or the numbers of its pixels. */
export function imageOf(scope: DocumentScope, dialect: WireDialect): Schema {
  if (dialect === "tfs") return imageObject(scope);
  return scope.define("ImageOrText", () => anyOf([imageObject(scope), base64(scope)]));
}

function imageObject(scope: DocumentScope): Schema {
  return scope.define("Image", () =>
    anyOf([
      { title: "Encoded image", ...closedObject({ b64: base64(scope) }) },
      { title: "Raw array", ...closedObject({ b64: base64(scope), shape: SHAPE }, ARRAY_OPTIONS) },
    ]),
  );
}

/** Returns the text that an image is in JSON. */
export function base64(scope: DocumentScope): Schema {
  return scope.define("Base64", () => ({
    ...TEXT,
    contentEncoding: "base64",
    description:
      "Either alphabet, padded or not. A JPEG, PNG, WebP, GIF, TIFF or BMP file; or the bytes of a raw array, little-endian.",
  }));
}

const SHAPE: Schema = {
  type: "array",
  items: { type: "integer", minimum: 1 },
  minItems: 2,
  maxItems: 3,
  description: "[height, width, bands], [bands, height, width] or [height, width].",
};

const ARRAY_OPTIONS = {
  dtype: { enum: ARRAY_DTYPES, default: "uint8" },
  layout: { enum: ARRAY_LAYOUTS, description: "Where the number of bands does not tell." },
} satisfies Readonly<Record<string, Schema>>;

/** A row of tensors: the value of the only input, or an object of them. */
function rowOf(inputs: readonly TensorSpec[]): Schema {
  const rows = inputs.map(({ name, dtype, shape }) => [name, sentTensor(dtype, shape.slice(1))] as const);
  const named = closedObject(Object.fromEntries(rows), inputs.some(({ name }) => name === "key") ? {} : KEY);
  const [only, ...others] = rows;
  return only === undefined || others.length > 0 ? named : anyOf([only[1], named]);
}

/** Returns what `inputs` may be of the columnar format: images, or a tensor for each input. */
export function anyColumns(scope: DocumentScope): Schema {
  return anyOf(
    scope.models.map(({ key, servable }) => {
      const { inputs, imageInput, batching } = servable.modelInputs;
      return scope.define(`${key}.Inputs`, () => {
        const columns = inputs.map(({ name, dtype, shape }) => {
          const declared = batching === "rows" ? ["N", ...shape.slice(1)] : shape;
          return [name, sentTensor(dtype, declared)] as const;
        });
        const [only, ...others] = columns;
        const images = listOf(imageOf(scope, "tfs"));
        return anyOf([
          ...(imageInput === undefined
            ? []
            : [images, { type: "object", required: ["image_bytes"], properties: { image_bytes: images } }]),
          ...(imageInput === undefined
            ? []
            : [{ type: "object", required: [imageInput], properties: { [imageInput]: images } }]),
          {
            type: "object",
            required: inputs.map(({ name }) => name),
            properties: Object.fromEntries(columns),
          },
          ...(only === undefined || others.length > 0 ? [] : [only[1]]),
        ]);
      });
    }),
  );
}
