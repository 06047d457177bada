import { offeredSignatures } from "../../signature/head.ts";
import { PARAMETER_RULES } from "../../signature/signature-parameters.ts";
import type { DocumentScope } from "./document-scope.ts";
import { closedObject, object, type Schema, TEXT } from "./schema.ts";

/** Returns what a caller may write as `signature_name`. */
export function signatureName(scope: DocumentScope): Schema {
  return scope.define("SignatureName", () => {
    const names = new Set(scope.models.flatMap(({ servable }) => offeredSignatures(servable.head)));
    const choice = names.size === 0 ? TEXT : { enum: [...names, ""] };
    return { ...choice, description: "The form of the answer; the empty one is the route's default." };
  });
}

/** Returns what a caller may write as `parameters`. */
export function signatureParameters(scope: DocumentScope): Schema {
  return scope.define("Parameters", () => {
    const isOpen = scope.models.some(({ servable }) => servable.head.hasPostprocess);
    const schema = isOpen ? object({}, parameterProperties()) : closedObject({}, parameterProperties());
    return { ...schema, description: "Options of the signature; one that it does not take is refused." };
  });
}

/** Returns the parameters of all signatures, by name. */
export function parameterProperties(): Record<string, Schema> {
  const rules = Object.values(PARAMETER_RULES);
  return Object.fromEntries(
    rules.map(({ key, isWhole, fallback, minimum, maximum }) => {
      const bounds = maximum === undefined ? { minimum } : { minimum, maximum };
      return [key, { type: isWhole ? "integer" : "number", default: fallback, ...bounds }];
    }),
  );
}
