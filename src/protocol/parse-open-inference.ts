import { ServingError } from "../errors.ts";
import { parseExactly } from "./exact-json.ts";
import { isJsonObject, type JsonObject } from "./json-object.ts";
import type { Envelope } from "./parse-json.ts";
import type { Json, PredictRequest } from "./predict-request.ts";
import { quoteJson } from "./quote-json.ts";

/** An inference request of the Open Inference Protocol, checked as far as it goes without the model. */
export interface InferenceRequest extends Pick<PredictRequest, "signatureName" | "parameters"> {
  readonly inputs: readonly InferenceInput[];
  readonly reply: InferenceReply;
}

/** One input tensor, its numbers not yet read. */
export interface InferenceInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly parameters: JsonObject;
  readonly content: InferenceContent;
  /** Path of the input in the request. */
  readonly where: string;
}

/** JSON, which `exact` reads again with its number tokens kept; or what stands behind the JSON, still the body's memory. */
export type InferenceContent =
  | { readonly kind: "json"; readonly data: unknown; readonly exact: () => unknown }
  | { readonly kind: "binary"; readonly bytes: Uint8Array };

/** How the answer is wanted. */
export interface InferenceReply {
  readonly id?: string;
  /** In the order of the answer; absent: all. */
  readonly outputs?: readonly RequestedOutput[];
  /** Whether outputs stand behind the JSON that are not named in `outputs`. */
  readonly isBinary: boolean;
}

export interface RequestedOutput {
  readonly name: string;
  readonly isBinary: boolean;
  /** How many classes to tell instead of the numbers. */
  readonly classification?: number;
}

/** ONNX Runtime's operators stop below; shapes stand in messages. */
const MAX_RANK = 16;

/** Parameters that are no signature's: the protocol's own, and what Triton ignores for models like these. */
const OWN_PARAMETERS: ReadonlySet<string> = new Set([
  "binary_data_output",
  "signature_name",
  "content_type",
  "headers",
  "priority",
  "timeout",
  "sequence_id",
  "sequence_start",
  "sequence_end",
]);

/**
 * Returns what an inference request says. Unknown members are ignored, null is as good as absent.
 *
 * @param tail what follows the JSON in the body: the binary tensors, in the order of the inputs
 * @throws {ServingError} INVALID_ARGUMENT when a member has the wrong type, an input has no data or two, or the binary
 * tensors are more or fewer bytes than their inputs say.
 * @see https://github.com/kserve/open-inference-protocol `specification/protocol/inference_rest.md` Inference Request
 * @see triton-inference-server/server `docs/protocol/extension_binary_data.md`
 */
export function parseOpenInference(envelope: Envelope, tail: Uint8Array): InferenceRequest {
  const { body, parameters } = envelope;
  const id = optional(body, "id", "a string", isString);
  const isBinary = optional(parameters, "parameters.binary_data_output", "true or false", isBoolean) ?? false;
  const signatureName = optional(parameters, "parameters.signature_name", "a string", isString);
  const outputs = optional(body, "outputs", "a list", isList)?.map((one, i) => readOutput(one, i, isBinary));
  const inputs = optional(body, "inputs", "a list", isList);
  if (inputs === undefined) throw invalid("expected 'inputs', a list of tensors, got none");
  return {
    ...(signatureName === undefined || signatureName === "" ? {} : { signatureName }),
    parameters: signatureParameters(parameters),
    inputs: readInputs(inputs, envelope, tail),
    reply: {
      ...(id === undefined ? {} : { id }),
      ...(outputs === undefined || outputs.length === 0 ? {} : { outputs }),
      isBinary,
    },
  };
}

function readInputs(
  inputs: readonly unknown[],
  envelope: Envelope,
  tail: Uint8Array,
): readonly InferenceInput[] {
  let exact: readonly JsonObject[] | undefined;
  let at = 0;
  const read = inputs.map((value, i): InferenceInput => {
    const where = `inputs[${i}]`;
    if (!isJsonObject(value)) throw invalid(`${where}: expected an object, got ${quoteJson(value)}`);
    const tensor = readTensorHead(value, where);
    const bytes = binarySize(value, tensor.parameters, where);
    if (bytes !== undefined) {
      const content = { kind: "binary", bytes: tail.subarray(at, at + bytes) } as const;
      at += bytes;
      if (at <= tail.length) return { ...tensor, content };
      throw invalid(
        `${where}: expected ${bytes} bytes behind the JSON, got ${Math.max(0, tail.length - at + bytes)}`,
      );
    }
    const readExact = () => {
      exact ??= parseExactly(envelope).inputs as readonly JsonObject[];
      return exact[i]?.data;
    };
    return { ...tensor, content: { kind: "json", data: value.data, exact: readExact } };
  });
  if (at === tail.length) return read;
  throw invalid(`expected ${at} bytes of binary tensors behind the JSON, got ${tail.length}`);
}

function readTensorHead(value: JsonObject, where: string): Omit<InferenceInput, "content"> {
  const name = optional(value, `${where}.name`, "a string", isString);
  const datatype = optional(value, `${where}.datatype`, "a string", isString);
  const shape = optional(value, `${where}.shape`, "a list of up to 16 sizes", isShape);
  if (name === undefined || datatype === undefined || shape === undefined) {
    throw invalid(`${where}: expected 'name', 'shape' and 'datatype', got ${quoteJson(value)}`);
  }
  const parameters = optional(value, `${where}.parameters`, "an object", isJsonObject) ?? {};
  if (Object.hasOwn(parameters, "shared_memory_region")) {
    throw invalid(`${where}: shared memory is not supported; send the data`);
  }
  return { name, datatype, shape, parameters, where };
}

/** Returns the bytes that an input has behind the JSON; undefined where its data stands in it. */
function binarySize(value: JsonObject, parameters: JsonObject, where: string): number | undefined {
  const path = `${where}.parameters.binary_data_size`;
  const bytes = optional(parameters, path, "a number of bytes", isSize);
  const hasData = value.data !== undefined && value.data !== null;
  if (bytes === undefined && !hasData) throw invalid(`${where}: expected 'data', got none`);
  if (bytes !== undefined && hasData) {
    throw invalid(`${where}: expected either 'data' or 'binary_data_size', got both`);
  }
  return bytes;
}

function readOutput(value: unknown, index: number, isBinaryByDefault: boolean): RequestedOutput {
  const where = `outputs[${index}]`;
  if (!isJsonObject(value)) throw invalid(`${where}: expected an object, got ${quoteJson(value)}`);
  const name = optional(value, `${where}.name`, "a string", isString);
  if (name === undefined) throw invalid(`${where}: expected 'name', got none`);
  const parameters = optional(value, `${where}.parameters`, "an object", isJsonObject) ?? {};
  if (Object.hasOwn(parameters, "shared_memory_region")) {
    throw invalid(`${where}: shared memory is not supported`);
  }
  const path = `${where}.parameters`;
  const isBinary = optional(parameters, `${path}.binary_data`, "true or false", isBoolean);
  // Triton's clients send 0 where none is wanted.
  const classes = optional(parameters, `${path}.classification`, "a whole number", isSize) ?? 0;
  return {
    name,
    isBinary: isBinary ?? isBinaryByDefault,
    ...(classes === 0 ? {} : { classification: classes }),
  };
}

function signatureParameters(parameters: Envelope["parameters"]): Record<string, Json> {
  const own = (key: string) => OWN_PARAMETERS.has(key) || key.startsWith("triton_");
  return Object.fromEntries(Object.entries(parameters).filter(([key]) => !own(key)));
}

/**
 * Returns the last member of `path`, undefined where it is absent or null.
 *
 * @throws {ServingError} INVALID_ARGUMENT when it is something else than `expected`.
 */
function optional<Type>(
  object: JsonObject,
  path: string,
  expected: string,
  is: (value: unknown) => value is Type,
): Type | undefined {
  const key = path.slice(path.lastIndexOf(".") + 1);
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  if (value === undefined || value === null) return undefined;
  if (is(value)) return value;
  throw invalid(`${path}: expected ${expected}, got ${quoteJson(value)}`);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= MAX_RANK && value.every(isSize);
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
