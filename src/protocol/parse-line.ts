import { isUtf8 } from "node:buffer";
import { ServingError } from "../errors.ts";
import { checkNesting } from "./check-nesting.ts";
import { jsonErrorMessage } from "./json-error.ts";
import { isJsonObject } from "./json-object.ts";
import { liftPayloads, type Payloads } from "./lift-payloads.ts";
import type { ParseOptions } from "./parse-instances.ts";
import { type Envelope, parseEnvelope } from "./parse-json.ts";
import type { Instance, ModelInputs, PredictRequest } from "./predict-request.ts";

/** What a stream of lines may say first of all. */
export type LinesHead = Pick<Envelope, "signatureName" | "parameters">;

const HEAD_KEYS = ["signature_name", "parameters"];

/**
 * Returns what the first line says of all instances, `{"signature_name"?, "parameters"?}`; undefined where it is an
 * instance.
 *
 * @throws {ServingError} INVALID_JSON when it is none; INVALID_ARGUMENT when one of them has the wrong type.
 */
export function parseLinesHead(line: Buffer): LinesHead | undefined {
  // A head is short; an instance may be an image.
  if (line.length > MAX_HEAD_BYTES) return undefined;
  const { value, text } = parseLine(line);
  if (!isJsonObject(value)) return undefined;
  const names = Object.keys(value);
  if (names.length === 0 || !names.every((name) => HEAD_KEYS.includes(name))) return undefined;
  const { signatureName, parameters } = parseEnvelope(value, text);
  return signatureName === undefined ? { parameters } : { signatureName, parameters };
}

const MAX_HEAD_BYTES = 65_536;

export interface InstanceLineOptions {
  readonly parse: (envelope: Envelope, model: ModelInputs, options: ParseOptions) => PredictRequest;
  readonly model: ModelInputs;
  /** Of the instance among those of the stream. */
  readonly index: number;
}

/**
 * Returns the instance that one line holds, an element of `instances`; a bad one where it can't be read. Nothing of it
 * stands in the memory of `line`.
 */
export function parseInstanceLine(line: Buffer, options: InstanceLineOptions): Instance {
  try {
    return parseLifted(line, options) ?? parseInstance(line, options);
  } catch (error) {
    if (!(error instanceof ServingError) || error.code === "INTERNAL") throw error;
    return { kind: "bad", error: new ServingError(error.code, error.message, { instance: options.index }) };
  }
}

/** Reads an image in base64 by the short way; undefined where the ordinary one has to say what it is. */
function parseLifted(line: Buffer, options: InstanceLineOptions): Instance | undefined {
  if (options.model.imageInput === undefined) return undefined;
  const lifted = liftPayloads(line);
  if (lifted === undefined) return undefined;
  try {
    const instance = parseInstance(lifted.json, options, lifted.payloads);
    return lifted.payloads.areTaken() && instance.kind !== "bad" ? instance : undefined;
  } catch (error) {
    if (error instanceof ServingError) return undefined;
    throw error;
  }
}

function parseInstance(
  line: Buffer,
  { parse, model, index }: InstanceLineOptions,
  payloads?: Payloads,
): Instance {
  const { value, text } = parseLine(line);
  // The line is one JSON value by itself, so it can't reach out of the list.
  const envelope = parseEnvelope({ instances: [value] }, `{"instances":[${text}]}`);
  const { inputs } = parse(envelope, model, { maxInstances: 1, firstIndex: index, payloads });
  const [instance] = inputs.kind === "instances" ? inputs.instances : [];
  if (instance !== undefined) return instance;
  throw new ServingError("INTERNAL", "a list of one instance was read as none; this is a bug");
}

/** @throws {ServingError} INVALID_JSON in TensorFlow Serving's words */
function parseLine(line: Buffer): { readonly value: unknown; readonly text: string } {
  if (!isUtf8(line)) throw new ServingError("INVALID_JSON", "JSON Parse error: Invalid encoding in string.");
  checkNesting(line);
  const text = line.toString("utf8").replace(/^\ufeff/, "");
  try {
    return { value: JSON.parse(text, MAY_HOLD_PROTOTYPE.test(text) ? refusePrototype : undefined), text };
  } catch (error) {
    throw new ServingError("INVALID_JSON", jsonErrorMessage(text, error));
  }
}

/** A key may be written with escapes. */
const MAY_HOLD_PROTOTYPE = /__proto__|\\u/;

function refusePrototype(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new SyntaxError("Object contains forbidden prototype property");
  return value;
}
