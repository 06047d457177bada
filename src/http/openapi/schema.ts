import type { Value } from "../../tensor/value.ts";

/** A JSON Schema of 2020-12, as OpenAPI 3.1 has them. */
export type Schema = { readonly [keyword: string]: Value };

type Properties = Readonly<Record<string, Schema>>;

export const TEXT: Schema = { type: "string" };
export const INTEGER: Schema = { type: "integer" };
export const BOOLEAN: Schema = { type: "boolean" };
/** NaN and infinities are null. */
export const FLOAT: Schema = { type: ["number", "null"] };
export const ANYTHING: Schema = {};

/** Returns the schema of an object that has all of `required`, may have `optional`, and whatever comes later. */
export function object(required: Properties, optional: Properties = {}): Schema {
  return {
    type: "object",
    required: Object.keys(required),
    properties: { ...required, ...optional },
  };
}

/** Returns the schema of an object as {@link object}, that has nothing else. */
export function closedObject(required: Properties, optional: Properties = {}): Schema {
  return { ...object(required, optional), additionalProperties: false };
}

/** Returns the schema of an object whose names are any, and whose values are all alike. */
export function mapOf(values: Schema): Schema {
  return { type: "object", additionalProperties: values };
}

export function listOf(items: Schema): Schema {
  return { type: "array", items };
}

/** Returns the schema of what is one of `choices`; of anything where there is none. */
export function anyOf(choices: readonly Schema[]): Schema {
  const texts = new Set<string>();
  const different = choices.filter((choice) => {
    const text = JSON.stringify(choice);
    return !texts.has(text) && texts.add(text);
  });
  const [only, ...others] = different;
  if (only === undefined) return ANYTHING;
  return others.length === 0 ? only : { anyOf: different };
}
