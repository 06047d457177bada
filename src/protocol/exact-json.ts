import { LosslessNumber, parse } from "lossless-json";
import { ServingError } from "../errors.ts";
import { INTEGER_DTYPES } from "../tensor/dtype.ts";
import { isJsonObject, type JsonObject } from "./json-object.ts";
import type { Envelope } from "./parse-json.ts";
import type { ModelInputs } from "./predict-request.ts";

/**
 * Returns the body of a request as the model's inputs need it: parsed again from the text, with number
 * tokens kept, where an input is of an integer type; else the plain one. int64 does not fit a double, and
 * an integer input refuses `1.0`, which `JSON.parse` cannot tell from `1`.
 *
 * @throws {ServingError} INTERNAL when the text is not what the envelope was parsed from
 */
export function exactBody(envelope: Envelope, model: ModelInputs): JsonObject {
  const needsTokens = model.inputs.some((input) => INTEGER_DTYPES.has(input.dtype));
  return needsTokens ? parseExactly(envelope) : envelope.body;
}

/**
 * Returns the body of a request, parsed again from the text with number tokens kept: integer tokens of up to 15 digits
 * are numbers, every other number is a LosslessNumber.
 *
 * @throws {ServingError} INTERNAL when the text is not what the envelope was parsed from
 */
export function parseExactly({ text }: Pick<Envelope, "text">): JsonObject {
  try {
    const parsed = parse(text, undefined, {
      parseNumber,
      // As JSON.parse: the last one wins.
      onDuplicateKey: ({ newValue }) => newValue,
    });
    if (isJsonObject(parsed)) return parsed;
    throw new SyntaxError("not an object");
  } catch (cause) {
    throw new ServingError("INTERNAL", "the text is not what the body was parsed from; this is a bug", {
      cause,
    });
  }
}

function parseNumber(token: string): number | LosslessNumber {
  return /^-?\d{1,15}$/.test(token) ? Number(token) : new LosslessNumber(token);
}
