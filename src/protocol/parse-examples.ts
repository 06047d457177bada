import { LosslessNumber } from "lossless-json";
import { excerpt, ServingError } from "../errors.ts";
import { parseExactly } from "./exact-json.ts";
import { isBase64Object, isJsonObject, type JsonObject } from "./json-object.ts";
import type { Payloads } from "./lift-payloads.ts";
import { checkCount, type ParseOptions } from "./parse-instances.ts";
import type { Envelope } from "./parse-json.ts";
import { jsonTypeName, quoteJson } from "./quote-json.ts";
import type { Example, ExampleList, Feature } from "./tf-example.ts";
import { decodeTfsBase64 } from "./tfs-base64.ts";

/**
 * Returns the examples of a body of `:classify` or `:regress`, `{"context"?, "examples": [{"<feature>": V or [V, ...]}]}`.
 * A V is a string or `{"b64"}` (bytes), a number with a fraction or an exponent (float), a whole one or a truth value
 * (int64); a feature holds values of one kind.
 *
 * Order: call it before the model is looked up, as TensorFlow Serving does. An example that can't be read stands as its
 * error.
 *
 * @throws {ServingError} with TensorFlow Serving's texts INVALID_ARGUMENT when there is no list, or an empty one, or the
 * context can't be read; TOO_MANY_INSTANCES past `maxInstances`
 * @see tensorflow/serving `util/json_tensor.cc` FillClassifyRegressRequestFromJson
 */
export function parseExamples(envelope: Envelope, { maxInstances, payloads }: ParseOptions): ExampleList {
  const { body } = envelope;
  const options = { payloads, exact: once(() => parseExactly(envelope)) };
  const context = Object.hasOwn(body, "context")
    ? {
        context: readExample(body.context, {
          ...options,
          where: "context",
          exactOf: (exact) => exact.context,
        }),
      }
    : {};
  const list = requireList(body, maxInstances);
  const examples = list.map((element, index) => {
    try {
      const exactOf = (exact: JsonObject) => (exact.examples as readonly unknown[])[index];
      return readExample(element, { ...options, where: `examples[${index}]`, exactOf });
    } catch (error) {
      if (error instanceof ServingError && error.code !== "INTERNAL") return error;
      throw error;
    }
  });
  return { examples, ...context };
}

function requireList(body: JsonObject, maxInstances: number): readonly unknown[] {
  const fail = (reason: string) =>
    new ServingError("INVALID_ARGUMENT", `JSON Value: ${quoteJson(body)} ${reason}`);
  // TensorFlow Serving's words for both verbs.
  if (!Object.hasOwn(body, "examples")) {
    throw fail("When method is classify, key 'examples' is expected and was not found");
  }
  const list = body.examples;
  if (!Array.isArray(list)) throw fail("Expecting 'examples' value to be an list/array");
  if (list.length === 0) throw fail("'examples' value is an empty array");
  checkCount(list.length, "examples", maxInstances);
  return list;
}

interface ReadOptions {
  readonly payloads: Payloads | undefined;
  /** The body with its number tokens; parsed at the first feature of numbers, as images have none. */
  readonly exact: () => JsonObject;
  /** Returns what stands in the exact body where the example does. */
  readonly exactOf: (exact: JsonObject) => unknown;
  readonly where: string;
}

function readExample(value: unknown, options: ReadOptions): Example {
  if (!isJsonObject(value)) {
    const type = jsonTypeName(value);
    throw new ServingError("INVALID_ARGUMENT", `Example must be JSON object but got JSON ${type}`);
  }
  const features = Object.entries(value).map(([name, content]) => {
    const values = asList(content);
    const exactContent = () => asList((options.exactOf(options.exact()) as JsonObject)[name]);
    const hasNumbers = values.some((one) => typeof one === "number");
    return [name, readFeature(name, hasNumbers ? exactContent() : values, options)] as const;
  });
  return new Map(features.filter((entry): entry is readonly [string, Feature] => entry[1] !== undefined));
}

function asList(content: unknown): readonly unknown[] {
  return Array.isArray(content) ? content : [content];
}

type Kind = Feature["kind"];

function readFeature(name: string, values: readonly unknown[], options: ReadOptions): Feature | undefined {
  const [first] = values;
  if (first === undefined) return undefined;
  const kind = kindOf(first, name);
  for (const value of values) {
    if (kindOf(value, name) === kind) continue;
    throw new ServingError(
      "INVALID_ARGUMENT",
      `Unexpected element type in feature: ${excerpt(name)} expecting type: ${kind}`,
    );
  }
  switch (kind) {
    case "bytes":
      return {
        kind,
        values: values.map((value) => toBytes(value, `${options.where}.${excerpt(name)}`, options)),
      };
    case "float":
      return { kind, values: values.map((value) => Number((value as LosslessNumber).value)) };
    case "int64":
      return { kind, values: values.map((value) => toInt64(value, name)) };
  }
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;

function kindOf(value: unknown, name: string): Kind {
  if (typeof value === "string" || isBase64Object(value)) return "bytes";
  if (typeof value === "number" || typeof value === "boolean") return "int64";
  if (value instanceof LosslessNumber) return readInteger(value) === undefined ? "float" : "int64";
  throw new ServingError(
    "INVALID_ARGUMENT",
    `Feature: ${excerpt(name)} has element with unexpected JSON type: ${jsonTypeName(value)}`,
  );
}

/** Returns the integer that a token of more than 15 characters is; one past 64 bits is a float to the parser of TensorFlow Serving. */
function readInteger({ value }: LosslessNumber): bigint | undefined {
  if (!/^-?\d{1,20}$/.test(value)) return undefined;
  const integer = BigInt(value);
  return integer >= INT64_MIN && integer <= UINT64_MAX ? integer : undefined;
}

function toInt64(value: unknown, name: string): bigint {
  if (typeof value === "boolean" || typeof value === "number") return BigInt(value);
  const integer = readInteger(value as LosslessNumber) ?? 0n;
  if (integer <= INT64_MAX) return integer;
  throw new ServingError(
    "INVALID_ARGUMENT",
    `Feature: ${excerpt(name)} has uint64_t element. Only int64_t is supported.`,
  );
}

function toBytes(value: unknown, where: string, { payloads }: ReadOptions): Uint8Array {
  if (typeof value === "string") return new TextEncoder().encode(value);
  const { b64 } = value as { readonly b64: string };
  return payloads?.take(b64) ?? decodeTfsBase64(b64, `${where}.b64`);
}

function once<Result>(make: () => Result): () => Result {
  let made: { readonly result: Result } | undefined;
  return () => {
    made ??= { result: make() };
    return made.result;
  };
}
