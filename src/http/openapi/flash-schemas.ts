import type { Value } from "../../tensor/value.ts";
import type { DescribedModel, DocumentScope } from "./document-scope.ts";
import { type ExampleInput, isEncoded, rowsAtOnce } from "./examples.ts";
import { base64 } from "./instance-schema.ts";
import { ANYTHING, anyOf, listOf, mapOf, object, type Schema, TEXT } from "./schema.ts";
import { signatureName } from "./signature-parts.ts";

/** Returns what a body of Flash Serve is. */
export function flashRequest(scope: DocumentScope): Schema {
  return scope.define("FlashRequest", () => {
    const one = anyOf(
      scope.models.map(({ servable }) =>
        servable.modelInputs.imageInput === undefined ? VALUE : object({ data: base64(scope) }),
      ),
    );
    const payload: Schema = {
      type: "object",
      minProperties: 1,
      properties: { inputs: anyOf([one, listOf(one)]) },
      additionalProperties: {
        description: "The same for an input of another name, which is a task's no more.",
      },
    };
    // Numbers are read as texts.
    const session: Schema = { type: ["string", "number", "null"] };
    return object({ payload }, { session, signature_name: anyOf([signatureName(scope), { type: "null" }]) });
  });
}

const VALUE: Schema = {
  type: "object",
  minProperties: 1,
  description:
    "One of `num`, `box`, `text`, `label`, `features` and `data`, as Flash Serve's types have them.",
};

/** Returns what Flash Serve answers. */
export function flashResponse(scope: DocumentScope): Schema {
  return scope.define("FlashResponse", () =>
    object({
      session: TEXT,
      result: {
        type: "object",
        minProperties: 1,
        properties: {
          outputs: {
            description:
              "Of a task's `inputs`: a prediction, or a list of them; a mask is its PNG in base64.",
          },
          prediction: { description: "The same of an input of another name." },
          boxes: listOf(ANYTHING),
          labels: listOf(ANYTHING),
          scores: listOf(ANYTHING),
        },
        additionalProperties: { description: "An output of a model of several, by its name." },
      },
    }),
  );
}

/** Returns what Flash Serve says of a route's requests. */
export function flashMeta(scope: DocumentScope): Schema {
  return scope.define("FlashMeta", () => ({
    ...object({ title: TEXT, type: TEXT, properties: {}, required: listOf(TEXT), definitions: {} }),
    description: "A JSON schema.",
  }));
}

const EDGES = mapOf(listOf(TEXT));

const CONNECTIONS = listOf(
  object({ source_component: TEXT, source_key: TEXT, target_component: TEXT, target_key: TEXT }),
);

/** Returns what Flash Serve says of what is computed from what, for one route. */
export function flashDag(scope: DocumentScope): Schema {
  return scope.define("FlashDag", () =>
    object({
      dependencies: EDGES,
      dependents: EDGES,
      funcnames: EDGES,
      connections: CONNECTIONS,
      endpoint: object({
        name: TEXT,
        route: TEXT,
        payload_key_dsk_task: mapOf(TEXT),
        result_key_dsk_task: mapOf(TEXT),
      }),
    }),
  );
}

/** Returns what Flash Serve says of what is computed from what, in each component. */
export function flashComponents(scope: DocumentScope): Schema {
  return scope.define("FlashComponents", () =>
    object({
      component_dependencies: mapOf(EDGES),
      component_dependents: mapOf(EDGES),
      component_funcnames: mapOf(EDGES),
      connections: CONNECTIONS,
    }),
  );
}

/** Returns a payload. */
export function flashExample(input: ExampleInput, model: DescribedModel): Value | undefined {
  const session = "session-1";
  if (input.kind === "image") {
    return isEncoded(input) ? { session, payload: { inputs: { data: input.image.b64 ?? "" } } } : undefined;
  }
  const count = rowsAtOnce(input, model);
  const payload = Object.entries(input.row).map(([name, data]) => {
    return [name, count === 1 ? { data } : new Array<Value>(count).fill({ data })] as const;
  });
  return { session, payload: Object.fromEntries(payload) };
}
