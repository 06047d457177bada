import { Ajv, type ErrorObject } from "ajv";

/**
 * Checks a value against a JSON schema.
 *
 * @throws {Error} with all that does not fit, behind `what`.
 */
export function requireFit(what: string, value: unknown, schema: object): void {
  // Formats such as int32 and duration are Go's.
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const validate = ajv.compile(schema);
  if (!validate(value)) throw new Error(`${what}: ${(validate.errors ?? []).map(sentence).join("; ")}`);
}

function sentence({ instancePath, message, params }: ErrorObject): string {
  const { additionalProperty } = params as { additionalProperty?: string };
  return `${instancePath || "/"} ${message}${additionalProperty === undefined ? "" : ` (${additionalProperty})`}`;
}
