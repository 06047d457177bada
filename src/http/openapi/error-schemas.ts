import { ERROR_CODES } from "../../errors.ts";
import type { ErrorSchema } from "../dialect.ts";
import type { DocumentScope } from "./document-scope.ts";
import { ANYTHING, INTEGER, listOf, object, type Schema, TEXT } from "./schema.ts";

/** The bodies of errors, by the form of each family of clients. */
export const ERROR_SCHEMAS: Readonly<Record<ErrorSchema, (scope: DocumentScope) => Schema>> = {
  Error: (scope) =>
    object(
      { error: { ...TEXT, description: "A sentence for people." }, code: errorCode(scope) },
      { instance: { ...INTEGER, minimum: 0, description: "The element of `instances` at fault." } },
    ),
  TorchServeError: () => object({ code: INTEGER, type: TEXT, message: TEXT }),
  FlashError: (scope) => object({ detail: TEXT, code: errorCode(scope) }),
  FlashValidationError: () =>
    object({
      detail: listOf(object({ loc: listOf({ type: ["string", "integer"] }), msg: TEXT, type: TEXT })),
    }),
};

/** Returns what stands in the place of an instance that failed. */
export function instanceError(scope: DocumentScope): Schema {
  return scope.define("InstanceError", () => ({
    ...object({ error: codeAndMessage(scope) }),
    description: "Stands in the place of an instance that failed, with ON_BAD_INSTANCE=report.",
  }));
}

/** Returns the list of the instances that failed. */
export function failedInstances(scope: DocumentScope): Schema {
  return listOf(
    scope.define("FailedInstance", () =>
      object({ instance: INTEGER, code: errorCode(scope), message: TEXT }, { key: ANYTHING }),
    ),
  );
}

/** Returns an error as it stands within an answer. */
export function codeAndMessage(scope: DocumentScope): Schema {
  return object({ code: errorCode(scope), message: TEXT });
}

/** The closed list. */
function errorCode(scope: DocumentScope): Schema {
  return scope.define("ErrorCode", () => ({ enum: ERROR_CODES }));
}
