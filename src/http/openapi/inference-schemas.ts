import { DATATYPE_OF } from "../../protocol/open-inference-datatype.ts";
import { elementCount } from "../../tensor/tensor.ts";
import type { Value } from "../../tensor/value.ts";
import type { DescribedModel, DocumentScope } from "./document-scope.ts";
import type { ExampleInput } from "./examples.ts";
import { BOOLEAN, INTEGER, listOf, object, type Schema, TEXT } from "./schema.ts";
import { parameterProperties, signatureName } from "./signature-parts.ts";

const DATATYPE: Schema = { enum: Object.values(DATATYPE_OF) };
const SHAPE: Schema = listOf({ type: "integer", minimum: 0 });

/** Returns what the JSON of an inference request is. */
export function inferenceRequest(scope: DocumentScope): Schema {
  return scope.define("InferenceRequest", () => {
    const names = scope.models.flatMap(({ servable }) => servable.modelInputs.inputs.map(({ name }) => name));
    const input = object(
      { name: names.length === 0 ? TEXT : { enum: [...new Set(names)] }, shape: SHAPE, datatype: DATATYPE },
      {
        data: { description: "Numbers, nested or flat; of BYTES, texts, and images in base64." },
        parameters: object(
          {},
          {
            binary_data_size: {
              ...INTEGER,
              minimum: 0,
              description: "Bytes behind the JSON, in the place of data.",
            },
            layout: { enum: ["HWC", "CHW"], description: "Of arrays of pixels." },
            content_type: TEXT,
          },
        ),
      },
    );
    const output = object(
      { name: TEXT },
      {
        parameters: object(
          {},
          {
            binary_data: BOOLEAN,
            classification: { ...INTEGER, minimum: 0, description: "The largest so many, as texts." },
          },
        ),
      },
    );
    return object(
      { inputs: listOf(input) },
      {
        id: TEXT,
        outputs: listOf(output),
        parameters: {
          ...object(
            {},
            { signature_name: signatureName(scope), binary_data_output: BOOLEAN, ...parameterProperties() },
          ),
          description: "Those of the protocol, and the signature's.",
        },
      },
    );
  });
}

/** Returns what the JSON of an answer is. */
export function inferenceResponse(scope: DocumentScope): Schema {
  return scope.define("InferenceResponse", () =>
    object(
      {
        model_name: TEXT,
        model_version: TEXT,
        outputs: listOf(
          object(
            { name: TEXT, datatype: DATATYPE, shape: SHAPE },
            {
              data: {
                ...listOf({ type: ["number", "string", "boolean", "null"] }),
                description: "Flat, in row-major order.",
              },
              parameters: object({}, { binary_data_size: INTEGER, content_type: TEXT }),
            },
          ),
        ),
      },
      { id: TEXT },
    ),
  );
}

/** Returns a request of one instance; none where what comes back is no tensor. */
export function inferenceExample(input: ExampleInput, { servable }: DescribedModel): Value | undefined {
  const { inputs, imageInput, batching } = servable.modelInputs;
  const outputs = Object.values(servable.composition?.outputs ?? {});
  if (outputs.some(({ port }) => port.type.kind !== "tensor")) return undefined;
  if (input.kind === "image") {
    const data = "shape" in input.image ? [input.image] : [input.image.b64 ?? ""];
    return { inputs: [{ name: imageInput ?? "", shape: [1], datatype: "BYTES", data }] };
  }
  return {
    inputs: inputs.map(({ name, dtype, shape }) => {
      const sizes = shape.map((size, axis) =>
        typeof size === "string" || (axis === 0 && batching === "rows") ? 1 : size,
      );
      const zero = dtype === "string" ? "" : dtype === "bool" ? false : 0;
      const data = new Array<Value>(elementCount(sizes)).fill(zero);
      return { name, shape: sizes, datatype: DATATYPE_OF[dtype], data };
    }),
  };
}
