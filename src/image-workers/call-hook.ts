import { type ErrorCode, HandlerError, ServingError } from "../errors.ts";
import type { HookName } from "./load-handler.ts";

/** The codes with which a hook turns an instance down on purpose. */
const REJECTIONS: ReadonlySet<unknown> = new Set<ErrorCode>([
  "INVALID_ARGUMENT",
  "INVALID_IMAGE",
  "UNSUPPORTED_FORMAT",
]);

/**
 * Returns what `call`, which runs a hook and checks what it gave, returns.
 *
 * @throws {ServingError} INVALID_ARGUMENT, INVALID_IMAGE or UNSUPPORTED_FORMAT when the hook throws an error with that
 * `code`, in the hook's words.
 * @throws {HandlerError} for all else that is thrown: the caller learns which hook failed, the log why.
 */
export async function callHook<Result>(hook: HookName, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && REJECTIONS.has(thrown.code)) {
      throw new ServingError(thrown.code as ErrorCode, thrown.message);
    }
    throw new HandlerError(`handler.mjs failed in ${hook}`, thrown);
  }
}
