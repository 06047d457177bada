import type { Value } from "../tensor/value.ts";
import type { ModelInputs } from "./predict-request.ts";

/**
 * Returns the JSON schema of a route's requests, as Flash Serve's `/<route>/meta` has it.
 *
 * @param route without its slash
 * @see Lightning-Universe/lightning-flash `src/flash/core/serve/interfaces/models.py` request_model
 */
export function flashSchema(route: string, model: ModelInputs): Value {
  const prefix = `${titleOf(route)}_Endpoint`;
  const names = inputNames(model);
  const payload = `${prefix}_Payload`;
  const inputs = names.map((name) => [name, `${prefix}_${titleOf(name)}`] as const);
  const [key, type] = fieldOf(model);
  const field = { title: titleOf(key), type };
  return {
    title: `${prefix}_RequestModel`,
    type: "object",
    properties: {
      session: { title: "Session", type: "string" },
      payload: { $ref: `#/definitions/${payload}` },
    },
    required: ["payload"],
    definitions: {
      ...Object.fromEntries(
        inputs.map(([, title]) => [
          title,
          { title, type: "object", properties: { [key]: field }, required: [key] },
        ]),
      ),
      [payload]: {
        title: payload,
        type: "object",
        properties: Object.fromEntries(
          inputs.map(([name, title]) => [name, { $ref: `#/definitions/${title}` }]),
        ),
        required: names,
      },
    },
  };
}

/** Returns what a client writes behind `payload`: a task's input for an image, else the model's own. */
export function inputNames({ imageInput, inputs }: ModelInputs): readonly string[] {
  return imageInput === undefined ? inputs.map(({ name }) => name) : ["inputs"];
}

/** The field of an input: an encoded image, a text, or nested numbers. */
function fieldOf({ imageInput, inputs }: ModelInputs): readonly [key: string, type: string] {
  if (imageInput !== undefined) return ["data", "string"];
  return inputs.some(({ dtype }) => dtype === "string") ? ["text", "string"] : ["data", "array"];
}

/** As Python's `str.title` writes it. */
function titleOf(name: string): string {
  return name.replaceAll(
    /[A-Za-z]+/g,
    (word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1).toLowerCase()}`,
  );
}
