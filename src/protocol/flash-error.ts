import { type ErrorCode, ServingError } from "../errors.ts";
import type { Answer } from "./answer.ts";

/** What is wrong with one field of a Flash Serve body. */
export class FlashFieldError extends ServingError {
  /** The field's path, from `body` on. */
  readonly path: readonly (string | number)[];
  /** The validator's name for it. */
  readonly type: string;

  constructor(
    path: readonly (string | number)[],
    message: string,
    { type = "value_error", code = "INVALID_ARGUMENT" }: { type?: string; code?: ErrorCode } = {},
  ) {
    super(code, message);
    this.path = ["body", ...path];
    this.type = type;
  }
}

/** Returns the error for a field that must be there and is not. */
export function missingField(path: readonly (string | number)[]): FlashFieldError {
  return new FlashFieldError(path, "field required", { type: "value_error.missing" });
}

/** Returns the validator's error for a value of another type. */
export function notA(
  type: "dict" | "list" | "str" | "float",
  path: readonly (string | number)[],
): FlashFieldError {
  const message = {
    dict: "value is not a valid dict",
    list: "value is not a valid list",
    str: "str type expected",
    float: "value is not a valid float",
  }[type];
  return new FlashFieldError(path, message, { type: `type_error.${type}` });
}

/**
 * Returns the body of an error as Flash Serve's clients know it: a list of fields where the request is at fault (422),
 * else one sentence.
 *
 * @see fastapi/fastapi `fastapi/exception_handlers.py`; pydantic/pydantic 1.10 `pydantic/error_wrappers.py`
 */
export function writeFlashError(error: ServingError, status: number): Answer {
  const { message, code } = error;
  if (status !== 422) return { detail: message, code };
  const { path, type } =
    error instanceof FlashFieldError
      ? error
      : {
          path: code === "INVALID_JSON" ? ["body"] : ["body", "payload"],
          type: code === "INVALID_JSON" ? "value_error.jsondecode" : "value_error",
        };
  return { detail: [{ loc: path, msg: message, type }] };
}
